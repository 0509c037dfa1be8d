"""What happens to accounts: one file, one act."""
