"""The names of the conditions, and which of them have steps or speak about several points."""

LEVEL = "level"
RATE = "rate"
WINDOW = "window"
DEVIATION = "deviation"
SILENCE = "silence"
STUCK = "stuck"
IMPLAUSIBLE = "implausible"
CROSSINGS = "crossings"
TOGETHER = "together"
VOTE = "vote"

#: Conditions with steps: a signal against limits.
LADDERS = (LEVEL, RATE, WINDOW, DEVIATION)
#: Conditions about several points at once: their rule hangs on an anchor.
SEVERAL = (TOGETHER, VOTE)
