"""HTTP for workers and staff."""
