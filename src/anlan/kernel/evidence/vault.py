"""Contents on disk, each once, under the hash of what they are. A file that stands there is complete."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from django.conf import settings

#: What is kept of one content: as it came, a copy for showing, a small one.
ORIGINAL, SHOW, THUMB = "", ".show.jpg", ".thumb.jpg"


def path_of(sha256: str, variant: str = ORIGINAL) -> Path:
    """Where a content stands: two levels of folders, so that none holds too many."""
    return Path(settings.EVIDENCE_ROOT) / sha256[:2] / sha256[2:4] / (sha256 + variant)


def put(sha256: str, data: bytes, variant: str = ORIGINAL) -> None:
    """Write a content unless it stands there already; on disk with its folder when this returns."""
    path = path_of(sha256, variant)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
