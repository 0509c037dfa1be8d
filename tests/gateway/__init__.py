"""The gateway on real sockets, in front of toy services."""
