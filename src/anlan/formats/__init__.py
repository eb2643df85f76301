"""Bytes to values and back: file formats, wire formats, coordinates; no clock, no database, no network."""
