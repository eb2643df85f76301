"""Questions about outside data."""
