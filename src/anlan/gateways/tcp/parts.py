"""Messages in parts that were given up, as frames that are set aside."""

from __future__ import annotations

from collections.abc import Iterable

from anlan.formats.devices import BadFrame, Lost


def given_up(lost: Iterable[Lost]) -> list[BadFrame]:
    """Each with the bytes of what came of it, in the order of its parts."""
    return [BadFrame(("lost_parts",), b"".join(one.parts[place] for place in sorted(one.parts))) for one in lost]
