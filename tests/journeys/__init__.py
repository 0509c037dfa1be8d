"""Stories of orders on a running fleet, told event by event."""
