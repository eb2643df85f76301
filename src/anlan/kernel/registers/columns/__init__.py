"""Registers as columns in memory: filter, search, sort and count a million records in milliseconds.

`store.of(register)` gives the columns as they stand in the database at that moment; see decision 0008.
"""
