"""The verbs of the catalogue and the exchange, by what they act on."""
