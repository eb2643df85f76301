from __future__ import annotations

from tracks_world import engineer, foreigner, officer, seer, walker, world  # noqa: F401
