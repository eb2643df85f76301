"""The alarm engine: streaming rules over columns of readings.

A pure room: numpy, msgspec and the standard library; no clock, no database, no configuration. What it computes is
told at the head of `evaluate`; the records it takes are in `log`, the rules in `rules`, what it hands back in `output`.
"""

from .evaluate import FUTURE_MS, REST_MS, State, evaluate, new_state, owner
from .log import (
    BAD,
    GOOD,
    UNCERTAIN,
    Batch,
    Declare,
    Enforce,
    Record,
    Retire,
    Tick,
    decode_batch,
    encode_batch,
)
from .output import LIVE, RETRO, Kept, Output, SetAside, Transition, Transitions, transition_id
from .rules import LONGEST_MS, POINT_LIMIT, Condition, Level, LevelStep, Rule, Silence, decode_rule, encode_rule
from .snapshot import dump, load

__all__ = [
    "BAD", "FUTURE_MS", "GOOD", "LIVE", "LONGEST_MS", "POINT_LIMIT", "REST_MS", "RETRO", "UNCERTAIN",
    "Batch", "Condition", "Declare", "Enforce", "Kept", "Level", "LevelStep", "Output", "Record", "Retire", "Rule",
    "SetAside", "Silence", "State", "Tick", "Transition", "Transitions",
    "decode_batch", "decode_rule", "dump", "encode_batch", "encode_rule", "evaluate", "load", "new_state", "owner",
    "transition_id",
]  # fmt: skip
