"""Who we are as a sender of warnings: 14 signs after GB/T 35965.1, given by whoever runs the server."""

from __future__ import annotations

import re

from anlan import environment
from anlan.environment import BadSetting

SENDER = "ANLAN_WARNING_SENDER"
_FORM = re.compile(r"\d{6}[0-9A-Z]{8}", re.ASCII)


def own_sender() -> str:
    """Region (6), institution (3), unit (3), extension (2); "" while nobody has said it. Raises BadSetting."""
    said = environment.text(SENDER)
    if said and not _FORM.fullmatch(said):
        raise BadSetting(f"{SENDER}={said!r}: write 14 signs, 6 digits of the region first.")
    return said
