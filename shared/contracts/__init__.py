"""What each service tells the others: one module a publisher, additive only."""
