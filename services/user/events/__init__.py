"""News from other services, and what falls due."""
