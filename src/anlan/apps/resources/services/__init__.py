"""The verbs of resources: stock documents, items, requisitions, openings of shelters; and the checks of registers."""
