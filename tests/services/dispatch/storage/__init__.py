"""The tables of dispatch under test."""
