"""The alarm engine: streaming rules over columns of readings.

A pure room: numpy, msgspec and the standard library; no clock, no database, no configuration. What it computes is
told at the head of `evaluate`; the records it takes are in `log`, the rules in `rules`, what it hands back in `output`.
"""

from .conditions import (
    LONGEST_MS,
    POINT_LIMIT,
    SEVERAL,
    Condition,
    Crossings,
    Deviation,
    Implausible,
    Inhibit,
    Ladder,
    Level,
    LevelStep,
    Member,
    Rate,
    Rung,
    Schedule,
    Silence,
    Stuck,
    Term,
    Together,
    Vote,
    Window,
    YearPoint,
)
from .evaluate import REST_MS, State, evaluate, new_state, owner
from .log import (
    BAD,
    FUTURE_MS,
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
from .rules import Rule, decode_rule, encode_rule
from .snapshot import dump, load

__all__ = [
    "BAD", "FUTURE_MS", "GOOD", "LIVE", "LONGEST_MS", "POINT_LIMIT", "REST_MS", "RETRO", "SEVERAL", "UNCERTAIN",
    "Batch", "Condition", "Crossings", "Declare", "Deviation", "Enforce", "Implausible", "Inhibit", "Kept", "Ladder",
    "Level", "LevelStep", "Member", "Output", "Rate", "Record", "Retire", "Rule", "Rung", "Schedule", "SetAside",
    "Silence", "State", "Stuck", "Term", "Tick", "Together", "Transition", "Transitions", "Vote", "Window",
    "YearPoint", "decode_batch", "decode_rule", "dump", "encode_batch", "encode_rule", "evaluate", "load",
    "new_state", "owner", "transition_id",
]  # fmt: skip
