"""Pages of hazard points and cameras beside their registers."""
