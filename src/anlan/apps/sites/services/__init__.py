"""Verbs on sites."""
