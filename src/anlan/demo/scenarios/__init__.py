"""Scripts that make the demo county have an emergency.

A scenario changes what the instruments of some points say, as a function of the time since it began and of what they
would have said. The changed readings take the same way as all others, through the door and the engine; nothing here
knows a rule, an alarm or a case. Times are epoch ms UTC.
"""

from __future__ import annotations

from collections.abc import Sequence

from anlan.demo.scenarios.fire import FIRE
from anlan.demo.scenarios.flood import FLOOD
from anlan.demo.scenarios.leak import LEAK
from anlan.demo.scenarios.quake import QUAKE
from anlan.demo.scenarios.script import CALM_S, FAST_PERIOD_S, Scenario
from anlan.demo.scenarios.slide import SLIDE
from anlan.demo.scenarios.storm import STORM

__all__ = [
    "CALM_S",
    "FAST_PERIOD_S",
    "FIRE",
    "FLOOD",
    "LEAK",
    "QUAKE",
    "SCENARIOS",
    "SLIDE",
    "STORM",
    "Scenario",
    "scenario",
]

SCENARIOS: Sequence[Scenario] = (LEAK, SLIDE, STORM, FIRE, QUAKE, FLOOD)


def scenario(name: str) -> Scenario:
    """A scenario by name.

    Raises KeyError that lists the names there are.
    """
    for known in SCENARIOS:
        if known.name == name:
            return known
    raise KeyError(f"no scenario {name!r}; there are {', '.join(s.name for s in SCENARIOS)}")
