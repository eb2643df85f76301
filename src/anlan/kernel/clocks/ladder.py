"""Who hears of a clock, and when: the rungs of its rulebook entry, in order of time.

A rung stands before or after the due moment. Rooms that know more about a subject than the clock does (whose case is
it?) register a speaker; a clock that nobody speaks for is told to the duty officer or the leader by its region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices import services as notices
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import User
from anlan.kernel.people.services import holder
from anlan.kernel.web import refs
from anlan.kernel.web.formatting import bureau_time

#: Whom a rung may name: the person whose move it is, that person's unit, the duty officer, the leader on duty.
HEARERS = ("assignee", "unit", "duty", "leader")

#: W4: notices about one kind of thing that a person gets within ten minutes.
MOST = 10
WITHIN = timedelta(minutes=10)

#: The duty of the people room behind each hearer that belongs to a place and not to a subject.
DUTIES = {"duty": "duty_officer", "leader": "leader"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One moment of a ladder: `offset_s` seconds from the due moment (negative before it), whom, and what is said.

    words  text, or texts by language ({"en": …, "zh": …})
    """

    offset_s: int
    to: str
    words: str | Mapping[str, str] = ""

    def at(self, due: datetime) -> datetime:
        return due + timedelta(seconds=self.offset_s)

    def said(self) -> str:
        """The words in the current language; plain ones when the rulebook gives none."""
        words = self.words
        if isinstance(words, Mapping):
            mine = words.get((get_language() or "en").split("-")[0])
            words = mine or words.get("en") or next(iter(words.values()), "")
        if words:
            return words
        return _("Overdue") if self.offset_s >= 0 else _("Due soon")


#: A speaker tells the right people of a rung, in the transaction that marks it as spoken.
Speaker = Callable[[Clock, Rung, datetime], None]

_speakers: list[tuple[str, str, Speaker]] = []


def on_rung(code_prefix: str, speaker: Speaker, *, subject: str = "") -> None:
    """Let `speaker` tell of clocks whose code begins with `code_prefix`; registered at start, once each.

    subject  only clocks of this kind of ref ("case"); blank: any
    """
    if (code_prefix, subject, speaker) not in _speakers:
        _speakers.append((code_prefix, subject, speaker))


def speakers_of(clock: Clock) -> list[Speaker]:
    """Who speaks for this clock; `tell_by_region` when nobody registered."""
    kind = clock.ref.partition(":")[0]
    found = [speak for prefix, subject, speak in _speakers if clock.code.startswith(prefix) and subject in ("", kind)]
    return found or [tell_by_region]


def ladder_of(body: Mapping[str, Any]) -> tuple[Rung, ...]:
    """The rungs of a rulebook entry of kind "clock", in order of time.

    Raises ValueError for a rung without a moment, with two, or with a hearer that nobody knows.
    """
    return tuple(sorted((_rung(raw) for raw in body.get("ladder") or ()), key=lambda rung: rung.offset_s))


def _rung(raw: Mapping[str, Any]) -> Rung:
    if ("before_s" in raw) == ("after_s" in raw):
        raise ValueError(f"a rung needs either before_s or after_s: {dict(raw)}")
    if raw.get("to") not in HEARERS:
        raise ValueError(f"a rung speaks to one of {', '.join(HEARERS)}: {dict(raw)}")
    offset = int(raw["after_s"]) if "after_s" in raw else -int(raw["before_s"])
    return Rung(offset, raw["to"], raw.get("words") or "")


def hearers(to: str, clock: Clock) -> list[User]:
    """People behind "duty" and "leader" at the clock's place; who is meant by the others, its subject knows.

    An assignee or unit that nobody speaks for falls to the duty officer, so that no rung is spoken into the void.
    """
    return holder(DUTIES.get(to, "duty_officer"), clock.region)


def tell_by_region(clock: Clock, rung: Rung, now: datetime) -> None:
    """The speaker of last resort: one notice to each of `hearers`, naming the subject and its due moment.

    In a flood (160 alarms that nobody answers) a person gets nine of them and one that leads to the desk where all of
    them stand (W4).
    """
    singly, together = _calmly(hearers(rung.to, clock), clock.ref.partition(":")[0], now)
    common: dict[str, Any] = {
        "level": getattr(refs.resolve(clock.ref), "level", None),
        "ref": clock.ref,
        "region": clock.region,
        "exercise": clock.exercise,
        "sound": rung.offset_s >= 0,
        "now": now,
    }
    notices.tell(
        singly,
        title=lambda: f"{rung.said()}: {refs.label_of(clock.ref)}",
        body=lambda: _("Due %(at)s") % {"at": bureau_time(clock.due)},
        url=refs.url_of(clock.ref),
        **common,
    )
    notices.tell(
        together,
        title=lambda: _("More clocks are running out"),
        body=lambda: _("Ten notices in ten minutes are the most: the desk lists all of them."),
        url="/",
        **common,
    )


def _calmly(users: Sequence[User], kind: str, now: datetime) -> tuple[list[User], list[User]]:
    """Who is told of this one, and who gets the one line that stands for the rest; whoever is in neither had both."""
    singly, together = [], []
    for user in users:
        lately = Notice.objects.filter(to=user, ref__startswith=f"{kind}:", created_at__gt=now - WITHIN).count()
        if lately < MOST - 1:
            singly.append(user)
        elif lately == MOST - 1:
            together.append(user)
    return singly, together
