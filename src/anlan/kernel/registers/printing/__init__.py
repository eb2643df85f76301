"""The archive of one record on paper: what stands in it, as PDF and as Word."""
