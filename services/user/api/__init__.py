"""The routes of the user service."""
