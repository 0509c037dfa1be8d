"""The worker service calls nobody: dispatch calls it, and news come from the broker."""
