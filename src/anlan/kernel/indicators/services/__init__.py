"""The verbs of indicators: enter figures, set targets, measure."""
