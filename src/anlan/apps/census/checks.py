"""What the registers of the census look at over several fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from anlan.kernel.registers.declarations import Fault


def event_faults(values: Mapping[str, Any], record: Any) -> Iterator[Fault]:
    """An event ends after it begins; more people relocated than affected is a warning."""
    began, ended = values.get("began_on"), values.get("ended_on")
    if began and ended and ended < began:
        yield Fault("ended_on", "order", _("The event ends before it begins."))
    affected, relocated = values.get("affected"), values.get("relocated")
    if affected is not None and relocated is not None and relocated > affected:
        words = _("More people were relocated than affected; check both numbers.")
        yield Fault("relocated", "more", words, blocks=False)
