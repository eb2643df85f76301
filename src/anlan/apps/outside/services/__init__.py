"""Verbs of outside data."""
