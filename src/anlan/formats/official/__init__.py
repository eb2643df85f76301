"""Official papers after GB/T 9704-2012: what stands in one, and how it becomes Word and PDF."""
