"""Verbs behind the SensorThings API."""
