"""Pages of the risk census."""
