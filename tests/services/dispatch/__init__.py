"""Dispatch under test."""
