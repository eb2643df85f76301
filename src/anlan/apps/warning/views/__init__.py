"""Pages and doors of warnings."""
