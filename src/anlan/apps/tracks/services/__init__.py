"""Verbs on carriers, fences and the sharing of phones."""
