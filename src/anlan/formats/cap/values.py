"""A CAP message as values; every text as it was written.

`""` is an element that is there and holds nothing, None one that is not there. The order of fields is the order of the
elements. Source: CAP 1.2 (OASIS), clause 3.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from anlan.formats.records import DECIMAL, INTEGER, LANGUAGE, STAMP, URI, records, text, texts

__all__ = ["Alert", "Area", "Info", "Named", "Reference", "Resource", "moment", "references_of", "stamp"]

STATUS = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPE = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPE = ("Public", "Restricted", "Private")
CATEGORY = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
RESPONSE = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
URGENCY = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITY = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTY = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

#: What an info without `language` is written in.
DEFAULT_LANGUAGE = "en-US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A value of a list or scheme that the sender names: event codes, parameters, geocodes."""

    name: str = text("valueName")
    value: str = text("value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A file that belongs to the alert; `deref_uri` is its content in base64."""

    description: str = text("resourceDesc")
    mime_type: str = text("mimeType")
    size: str | None = text("size", INTEGER, least=0)
    uri: str | None = text("uri", URI, least=0)
    deref_uri: str | None = text("derefUri", least=0)
    digest: str | None = text("digest", least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where. Polygons and circles are texts with latitude first; `cap.places` reads them. Heights are feet."""

    description: str = text("areaDesc")
    polygons: tuple[str, ...] = texts("polygon")
    circles: tuple[str, ...] = texts("circle")
    geocodes: tuple[Named, ...] = records("geocode", Named)
    altitude: str | None = text("altitude", DECIMAL, least=0)
    ceiling: str | None = text("ceiling", DECIMAL, least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is expected, in one language."""

    language: str | None = text("language", LANGUAGE, least=0)
    categories: tuple[str, ...] = texts("category", values=CATEGORY, least=1)
    event: str = text("event")
    responses: tuple[str, ...] = texts("responseType", values=RESPONSE)
    urgency: str = text("urgency", values=URGENCY)
    severity: str = text("severity", values=SEVERITY)
    certainty: str = text("certainty", values=CERTAINTY)
    audience: str | None = text("audience", least=0)
    event_codes: tuple[Named, ...] = records("eventCode", Named)
    effective: str | None = text("effective", STAMP, least=0)
    onset: str | None = text("onset", STAMP, least=0)
    expires: str | None = text("expires", STAMP, least=0)
    sender_name: str | None = text("senderName", least=0)
    headline: str | None = text("headline", least=0)
    description: str | None = text("description", least=0)
    instruction: str | None = text("instruction", least=0)
    web: str | None = text("web", URI, least=0)
    contact: str | None = text("contact", least=0)
    parameters: tuple[Named, ...] = records("parameter", Named)
    resources: tuple[Resource, ...] = records("resource", Resource)
    areas: tuple[Area, ...] = records("area", Area)

    def parameter(self, name: str) -> str | None:
        """The value of the first parameter of a name, whatever its case."""
        return next((one.value for one in self.parameters if one.name.casefold() == name.casefold()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message. `version` is the one it came in, and not written: only 1.2 is."""

    identifier: str = text("identifier")
    sender: str = text("sender")
    sent: str = text("sent", STAMP)
    status: str = text("status", values=STATUS)
    msg_type: str = text("msgType", values=MSG_TYPE)
    source: str | None = text("source", least=0)
    scope: str = text("scope", values=SCOPE)
    restriction: str | None = text("restriction", least=0)
    addresses: str | None = text("addresses", least=0)
    codes: tuple[str, ...] = texts("code")
    note: str | None = text("note", least=0)
    references: str | None = text("references", least=0)
    incidents: str | None = text("incidents", least=0)
    infos: tuple[Info, ...] = records("info", Info)
    version: str = "1.2"

    @property
    def reference(self) -> Reference:
        """How another message names this one."""
        return Reference(self.sender, self.identifier, self.sent)


@dataclass(frozen=True, slots=True)
class Reference:
    """Another message: three texts that together are its name."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        """As it stands in `references`."""
        return f"{self.sender},{self.identifier},{self.sent}"


def references_of(alert: Alert) -> tuple[Reference, ...]:
    """The messages that an alert names. Raises ValueError for one that is not three texts."""
    found = tuple(tuple(one.split(",")) for one in (alert.references or "").split())
    if any(len(parts) != 3 or not all(parts) for parts in found):
        raise ValueError("a reference is sender,identifier,sent")
    return tuple(Reference(*parts) for parts in found)


#: Hour 24 of a day is hour 0 of the next; `datetime` does not know it.
_DAY_END = re.compile(r"T24(?=:00:00)")


def moment(written: str) -> datetime | None:
    """The instant of a time that says its zone; None for one that does not, or for no time at all."""
    written = written.strip(" \t\r\n")
    try:
        at = datetime.fromisoformat(_DAY_END.sub("T23", written))
        if at.tzinfo is None:
            return None
        instant = at.astimezone(UTC)
        if _DAY_END.search(written):
            instant = instant.fromtimestamp(instant.timestamp() + 3600, UTC)
    except (ValueError, OverflowError):
        return None
    return instant


def stamp(at: datetime) -> str:
    """An instant as CAP writes it: whole seconds, an offset, and `-00:00` for UTC, which has no `Z`."""
    offset = at.utcoffset()
    if offset is None:
        raise ValueError("a time without its zone is no instant")
    if offset.total_seconds() % 60:
        at, offset = at.astimezone(UTC), UTC.utcoffset(None)
    said = at.replace(microsecond=0).isoformat()
    return said[:-6] + "-00:00" if not offset else said


def reply(alert: Alert, msg_type: str, **changed: object) -> Alert:
    """A message that names another one: an update, a cancellation, an acknowledgement."""
    return replace(alert, msg_type=msg_type, references=str(alert.reference), version="1.2", **changed)  # type: ignore[arg-type]
