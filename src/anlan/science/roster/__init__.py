"""Duty rosters: who stands which duty when, fair over the months, and what a swap would break."""
