"""Mechanisms of the fleet; it knows no business and imports none."""
