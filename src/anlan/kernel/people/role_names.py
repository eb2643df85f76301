"""What the shipped roles are called in each language; rulebook/roles.yaml says both."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import get_language

import anlan

ROLES_FILE = Path(anlan.__file__).parent / "rulebook" / "roles.yaml"


@functools.cache
def shipped() -> dict[str, dict[str, Any]]:
    """code → {"name", "name_zh", "verbs"}."""
    roles: dict[str, dict[str, Any]] = yaml.safe_load(ROLES_FILE.read_text(encoding="utf-8"))["roles"]
    return roles


def name_of(code: str, otherwise: str) -> str:
    """The name of a shipped role in the reader's language; `otherwise` for a role of the bureau's own."""
    role = shipped().get(code)
    if role is None:
        return otherwise
    return str(role["name_zh"] if (get_language() or "").startswith("zh") else role["name"])
