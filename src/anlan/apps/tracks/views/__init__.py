"""Pages of carriers, fences and sharing."""
