"""Pages of outside data."""
