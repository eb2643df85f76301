"""What people type into plain fields: days and whole numbers."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from anlan.apps.resources.services.refusing import Refused


def day_of(text: str, field: str = "") -> date | None:
    """A day as a date field sends it; None for a blank one. Raises Refused for anything else."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(_("A day is written 2026-11-30; this is “%(raw)s”.") % {"raw": text[:20]}, field) from None


def whole_of(text: str, field: str) -> int:
    """A whole number from 0 on. Raises Refused."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(_("A whole number is expected; this is “%(raw)s”.") % {"raw": text[:20]}, field)
    return int(text)
