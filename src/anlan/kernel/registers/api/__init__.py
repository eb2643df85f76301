"""Registers as JSON for other programs (docs/how-to/use-the-api.md): list, detail and every change of a record.

Everything that a page of a register promises holds here too: scope, masks, faults in words, history, audit.
"""
