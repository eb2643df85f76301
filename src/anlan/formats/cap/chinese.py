"""The Chinese profile: identifiers, colours and codes of GB/T 35965.1, as far as its value rules are in hand.

No code book is in this room: whoever reads a message hands it in. A code that is not in it passes through and is told
to be unknown; nothing is made of it. Source: GB/T 35965.1-2018 with the value rules of its annex A; GB/T 2260 regions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from anlan.formats.cap.values import Alert, Info
from anlan.formats.findings import Finding, noted

#: The empty lower steps of a region: 510700 is the city 5107.
_STEPS = re.compile(r"(00)+\Z")
BEIJING = timezone(timedelta(hours=8))
_IDENTIFIER = re.compile(r"(\d{6})([0-9A-Z]{3})([0-9A-Z]{3})([0-9A-Z]{2})_(\d{14})(?:_(\d))?", re.ASCII)

#: How senders name the parameter of the colour, and the list of the event codes.
COLOUR_NAMES = ("color", "colour", "severityColor")
EVENT_LIST, REGION_LIST = "GB/T 35561", "GB/T 2260"
#: How areas name the list of regions; the national office's feed has codes of 12 digits under the last one.
REGION_NAMES = (REGION_LIST, "CPEAS Geographic Code")


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a message: who entered it, when, and which of that second.

    region       6 digits of GB/T 2260
    institution  3 signs of GB/T 4657; unit, extension: inside it
    serial       0 to 9; None in the form of 29 characters that public feeds use
    """

    region: str
    institution: str
    at: datetime
    serial: int | None = 0
    unit: str = "000"
    extension: str = "00"

    @property
    def sender(self) -> str:
        """The 14 signs that name the sender."""
        return self.region + self.institution + self.unit + self.extension

    def __str__(self) -> str:
        """31 characters, or 29 without a serial number."""
        said = f"{self.sender}_{self.at.astimezone(BEIJING):%Y%m%d%H%M%S}"
        return said if self.serial is None else f"{said}_{self.serial}"


def identifier_of(written: str) -> Identifier:
    """The parts of an identifier. Raises ValueError for one of another form or an impossible time."""
    match = _IDENTIFIER.fullmatch(written)
    if match is None:
        raise ValueError("an identifier is ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N")
    region, institution, unit, extension, at, serial = match.groups()
    entered = datetime.strptime(at, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    return Identifier(region, institution, entered, None if serial is None else int(serial), unit, extension)


@dataclass(frozen=True, slots=True)
class CodeBook:
    """What is known of codes, with names: events of GB/T 35561, regions of GB/T 2260, institutions of GB/T 4657.

    colours  the severity that a colour stands for, `ORANGE` for `Severe`
    """

    events: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    institutions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it came, and what the book has for it; None for a code that is not known."""

    value: str
    name: str | None


def events_of(info: Info, book: CodeBook) -> tuple[Code, ...]:
    """The event codes of the national list."""
    return tuple(Code(one.value, book.events.get(one.value)) for one in info.event_codes if _is(one.name, EVENT_LIST))


def regions_of(info: Info) -> tuple[str, ...]:
    """The codes of GB/T 2260 of all areas."""
    return tuple(
        code.value
        for area in info.areas
        for code in area.geocodes
        if any(_is(code.name, list_) for list_ in REGION_NAMES)
    )


def colour_of(info: Info, book: CodeBook) -> Code | None:
    """The colour that the message says, with the severity it stands for; None when it says none."""
    said = next(filter(None, map(info.parameter, COLOUR_NAMES)), "").strip().upper()
    return Code(said, book.colours.get(said)) if said else None


def is_chinese(alert: Alert) -> bool:
    """Whether a message follows the profile: by its identifier, or by codes of its lists."""
    named = bool(_IDENTIFIER.fullmatch(alert.identifier))
    return named or any(_is(code.name, EVENT_LIST) for info in alert.infos for code in info.event_codes)


def judge(alert: Alert, book: CodeBook) -> Iterator[Finding]:
    """What in a message of the profile contradicts itself, and which of its codes are not known here."""
    region = ""
    try:
        name = identifier_of(alert.identifier)
    except ValueError:
        yield noted("wrong_identifier", "alert/identifier", value=alert.identifier[:60])
    else:
        region = name.region
        if alert.sender != name.sender:
            # The national office's own English feed names its observatories instead.
            yield noted("other_sender", "alert/sender", sender=alert.sender[:60], expected=name.sender)
        if name.institution not in book.institutions:
            yield noted("unknown_code", "alert/identifier", value=name.institution, list="GB/T 4657")
        if name.region not in book.regions:
            yield noted("unknown_code", "alert/identifier", value=name.region, list=REGION_LIST)
    for number, info in enumerate(alert.infos, 1):
        yield from _info(info, f"alert/info[{number}]", region, book)


def _info(info: Info, where: str, region: str, book: CodeBook) -> Iterator[Finding]:
    colour = colour_of(info, book)
    if colour is not None and colour.name is None:
        yield noted("unknown_code", f"{where}/parameter", value=colour.value[:40], list="color")
    elif colour is not None and colour.name != info.severity:
        args = {"colour": colour.value, "expected": str(colour.name), "severity": info.severity}
        yield Finding("other_colour", f"{where}/severity", args)
    for code in events_of(info, book):
        if code.name is None:
            yield noted("unknown_code", f"{where}/eventCode", value=code.value[:40], list=EVENT_LIST)
    for code_ in regions_of(info):
        if code_ not in book.regions and code_[:6] not in book.regions:
            yield noted("unknown_code", f"{where}/area", value=code_[:40], list=REGION_LIST)
        # A county's warning is about the county; a province's may be about any of its counties.
        if region and not code_.startswith(_STEPS.sub("", region)):
            yield noted("other_region", f"{where}/area", region=region, found=code_[:40])


def _is(name: str, list_: str) -> bool:
    """Whether a valueName means a list, whatever its spaces and its year."""
    return (
        re.sub(r"[\s:-]*(19|20)\d\d$", "", name.strip()).replace(" ", "").casefold()
        == list_.replace(" ", "").casefold()
    )
