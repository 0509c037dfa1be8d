"""The six services; they never import each other."""
