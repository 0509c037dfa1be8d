"""Races on real PostgreSQL, over HTTP, from a barrier whose offsets widen until each side wins."""
