"""The alarm rules that the demo county lives under: the rulebook's own file, read as data."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml


def alarm_rules() -> list[Mapping[str, Any]]:
    """Entries of `rulebook/alarms.yaml` in file order."""
    text = (files("anlan") / "rulebook" / "alarms.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["alarms"])
