"""Verbs on tasks, campaigns, projects and appraisals, and the papers that follow from them."""
