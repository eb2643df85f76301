"""The condition of an alarm rule: from the rulebook's words to the engine's rule, and back into words for people.

In the rulebook a condition is a mapping; times in seconds, limits in the point's unit, points by their code:

    level        direction "high" | "low", steps [{severity, limit}] mildest first, deadband, on_s, off_s
    rate         as level, and window_s, per_s (3600: units an hour)
    window       as level, and terms [{of "sum" | "mean" | "max" | "min" | "count", span_s, pane_s, lag_s, weight}]
    deviation    as level, and either curve [{month, day, value}], linear, zone_s; or other (a code), stale_s
    silence      severity, after_s or after_periods (of the point's own sampling period)
    stuck        severity, after_s or after_periods, within, floor
    implausible  severity, low, high, jump, on_s, off_s; range true takes low and high of the instrument
    crossings    severity, limit, deadband, span_s, count
    together     severity, members [{point (a code), limit, direction, deadband, stale_s}], need, on_s, off_s
    vote         members [codes], rungs [{count, of, severity}], on_s, off_s

Any may carry  schedule {days [0 Monday … 6], begin "08:00", end "18:00", zone_s}
and  inhibits [{rule (a code), severity}]: the rules that hold it down while they are on. `together` and `vote` speak
about several points at once; they hang on an anchor, a point to which no device sends.
"""

from anlan.kernel.sensing.conditions.stored import (
    TYPES,
    BadCondition,
    canonical,
    codes_of,
    conditions_of,
    faults_of,
    for_period,
    with_codes,
    with_limits,
)
from anlan.kernel.sensing.conditions.to_engine import engine_rule
from anlan.kernel.sensing.conditions.types import (
    CROSSINGS,
    DEVIATION,
    IMPLAUSIBLE,
    LADDERS,
    LEVEL,
    RATE,
    SEVERAL,
    SILENCE,
    STUCK,
    TOGETHER,
    VOTE,
    WINDOW,
)
from anlan.kernel.sensing.conditions.words import (
    beside_limits,
    drawn_limits,
    in_words,
    inhibit_words,
    limit_of,
    number,
    rest_words,
    schedule_words,
    severities_of,
    step_words,
    unit_of,
    with_unit,
)

__all__ = [
    "CROSSINGS",
    "DEVIATION",
    "IMPLAUSIBLE",
    "LADDERS",
    "LEVEL",
    "RATE",
    "SEVERAL",
    "SILENCE",
    "STUCK",
    "TOGETHER",
    "TYPES",
    "VOTE",
    "WINDOW",
    "BadCondition",
    "beside_limits",
    "canonical",
    "codes_of",
    "conditions_of",
    "drawn_limits",
    "engine_rule",
    "faults_of",
    "for_period",
    "in_words",
    "inhibit_words",
    "limit_of",
    "number",
    "rest_words",
    "schedule_words",
    "severities_of",
    "step_words",
    "unit_of",
    "with_codes",
    "with_limits",
    "with_unit",
]
