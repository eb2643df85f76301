"""The pages of the catalogue and the exchange; each only speaks HTTP."""
