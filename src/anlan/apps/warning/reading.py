"""What of a CAP message our lists and pages need, as values; nothing is made up where the message says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.warning.rules import Known
from anlan.formats.cap import Alert, Info, moment
from anlan.formats.cap.chinese import colour_of, events_of


@dataclass(frozen=True, slots=True)
class Gist:
    """See the fields of `Message`."""

    level: int | None
    event: str
    event_code: str
    headline: str
    sender_name: str
    area_words: str
    begins_at: datetime | None
    ends_at: datetime | None
    has_end: bool
    lifts: bool


def is_chinese(info: Info) -> bool:
    """An info in any kind of Chinese."""
    return (info.language or "").lower().startswith("zh")


def in_order(infos: Sequence[Info]) -> list[Info]:
    """The infos, Chinese first and then as they stand."""
    return sorted(infos, key=lambda info: not is_chinese(info))


def gist(alert: Alert, known: Known, now: datetime) -> Gist:
    """What a message says in short."""
    infos = in_order(alert.infos)
    first = infos[0] if infos else None
    sent = moment(alert.sent) or now
    begins = [at for info in infos if (at := moment(info.onset or info.effective or ""))]
    ends = [moment(info.expires or "") for info in infos]
    has_end = bool(ends) and None not in ends
    open_end = sent + known.open_end
    codes = [code for info in infos for code in events_of(info, known.book)]
    levels = [level for info in infos if (level := level_of(info, known)) is not None]
    return Gist(
        level=min(levels, default=None),
        event=(first.event.strip() if first else "")[:120],
        event_code=(codes[0].value if codes else "")[:40],
        headline=(first.headline or "").strip()[:300] if first else "",
        sender_name=(first.sender_name or "").strip()[:200] if first else "",
        area_words="；".join(dict.fromkeys(a.description.strip() for a in (first.areas if first else ())))[:400],
        begins_at=min(begins, default=sent),
        ends_at=max((at or open_end for at in ends), default=open_end),
        has_end=has_end,
        lifts=bool(infos) and all("AllClear" in info.responses for info in infos),
    )


def level_of(info: Info, known: Known) -> int | None:
    """1 red … 4 blue: by the colour that the message says, else by its severity; None for Unknown."""
    colour = colour_of(info, known.book)
    severity = colour.name if colour is not None and colour.name else info.severity
    return known.levels.get(severity)
