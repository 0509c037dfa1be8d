"""What must hold at any quiet moment over six databases, the sandbox's books and the logs."""
