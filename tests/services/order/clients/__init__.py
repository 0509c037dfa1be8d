"""Tests of the order service's ways to the outside."""
