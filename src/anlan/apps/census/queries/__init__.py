"""Questions about the census: people in an area, the grid as columns, how complete and sound its tables are."""
