"""Migrations of the user database, written by hand."""
