"""What pages, map, feeds and inbox ask for."""
