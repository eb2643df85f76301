"""The verbs of registers: enter, change, remove, restore, merge, link; with history and audit in the transaction."""

from anlan.kernel.registers.services.batches import make, publish, stage, start_batch, undo
from anlan.kernel.registers.services.cleaning import clean
from anlan.kernel.registers.services.links import link, unlink
from anlan.kernel.registers.services.merging import merge
from anlan.kernel.registers.services.records import (
    Refused,
    Stale,
    change,
    change_many,
    create,
    remove,
    restore,
)

__all__ = [
    "Refused",
    "Stale",
    "change",
    "change_many",
    "clean",
    "create",
    "link",
    "make",
    "merge",
    "publish",
    "remove",
    "restore",
    "stage",
    "start_batch",
    "undo",
    "unlink",
]
