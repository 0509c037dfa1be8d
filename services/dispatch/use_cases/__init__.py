"""What can be done in dispatch, one act a file."""
