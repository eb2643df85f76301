"""Verbs on devices, points, replays and alarms."""

from anlan.kernel.sensing.alarms import acknowledge, acknowledge_one, close, open_case_for, undo_acknowledge
from anlan.kernel.sensing.services.devices import (
    Refused,
    add_points,
    register_device,
    restore,
    revoke,
    rotate_key,
)
from anlan.kernel.sensing.services.replays import Replay, close_replay, open_replay

__all__ = [
    "Refused",
    "Replay",
    "acknowledge",
    "acknowledge_one",
    "add_points",
    "close",
    "close_replay",
    "open_case_for",
    "open_replay",
    "register_device",
    "restore",
    "revoke",
    "rotate_key",
    "undo_acknowledge",
]
