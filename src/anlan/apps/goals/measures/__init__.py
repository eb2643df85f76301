"""The indicators of the plans that a bureau works by, each from figures entered once or from the registers."""

from anlan.apps.goals.measures import (  # noqa: F401
    accidents,
    capacity,
    disasters,
    enforcement,
    prevention,
    training,
    warning,
)
