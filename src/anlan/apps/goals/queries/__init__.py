"""Questions about tasks, campaigns, projects and appraisals."""
