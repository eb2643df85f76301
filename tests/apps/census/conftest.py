"""Fixtures of the census; what tests name themselves stands in `census_world`."""

from __future__ import annotations

from census_world import county, grid, keeper  # noqa: F401
