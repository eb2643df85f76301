"""Anlan (安澜): emergency management for a county, district or city bureau."""

__version__ = "0.1.0"
