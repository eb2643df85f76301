"""Registers over HTTP: list, map and figures, archive, form, acts on many."""
