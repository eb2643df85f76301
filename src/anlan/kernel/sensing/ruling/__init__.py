"""Alarm rules as people keep them: proposed by one, previewed on real history, put in force by another."""
