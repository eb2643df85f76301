"""The small county of `cases_world`."""

from cases_world import *  # noqa: F403
