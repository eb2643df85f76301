"""Doors other than HTTP: what devices say in other protocols comes into the same log, after the same checks.

A gateway is a process of its own and does without Django: it needs the reading store, the checks of the door and four
small questions to the records.
"""
