"""The one-time token that proves that whoever makes the first account also has the machine."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.conf import settings


def _path() -> Path:
    return Path(settings.DATA) / "first-start.token"


def token() -> str:
    """The token of this installation, made when there is none; its file is readable by the owner only."""
    path = _path()
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if kept:
            return kept
        path.unlink(missing_ok=True)  # a crash between making and writing
        return token()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(fresh := secrets.token_urlsafe(24))
    return fresh


def is_token(text: str) -> bool:
    """Compared in constant time; False when no token was made."""
    try:
        kept = _path().read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return False
    return bool(kept) and secrets.compare_digest(kept.encode(), text.strip().encode())


def use_up() -> bool:
    """Take the token away; True for exactly one caller."""
    try:
        _path().unlink()
    except FileNotFoundError:
        return False
    return True
