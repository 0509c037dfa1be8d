"""What survives when processes die in the middle of orders."""
