"""The outside systems that the user service calls, each on its own wire."""
