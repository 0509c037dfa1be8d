"""What others rely on, kept as files so that a change shows in a review."""
