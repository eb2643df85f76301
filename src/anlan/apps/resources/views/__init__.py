"""The pages of resources; each only speaks HTTP."""
