"""A service as a process: its command line, its migrations."""
