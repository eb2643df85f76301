"""Pages of tasks, campaigns, projects and appraisals."""
