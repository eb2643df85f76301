"""Fixtures of outside data; what tests name themselves stands in `outside_world`."""

from __future__ import annotations

from outside_world import host, world  # noqa: F401
