"""The envelope of emergency messages: EDXL Distribution Element 1.0, with what it carries kept byte for byte.

Source: EDXL-DE 1.0 (OASIS, 2006).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from anlan.formats.cap.places import judge_circle, judge_polygon
from anlan.formats.edxl.messages import Kind, opened, sealed
from anlan.formats.findings import Finding, found
from anlan.formats.records import INTEGER, TIME, URI, fragments, record, records, text, texts
from anlan.formats.trees import Bounds

SPACE = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"
STATUS = ("Actual", "Exercise", "System", "Test")
TYPE = (
    "Report", "Update", "Cancel", "Request", "Response", "Dispatch", "Ack", "Error", "SensorConfiguration",
    "SensorControl", "SensorStatus", "SensorDetection",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Values of a list that somebody keeps."""

    list_urn: str = text("valueListUrn")
    values: tuple[str, ...] = texts("value", least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Receivers by a scheme, such as e-mail."""

    scheme: str = text("explicitAddressScheme")
    values: tuple[str, ...] = texts("explicitAddressValue", least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetArea:
    """Whom it concerns by place; circles and polygons as in CAP, latitude first."""

    circles: tuple[str, ...] = texts("circle")
    polygons: tuple[str, ...] = texts("polygon")
    countries: tuple[str, ...] = texts("country")
    subdivisions: tuple[str, ...] = texts("subdivision")
    un_codes: tuple[str, ...] = texts("locCodeUN")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file: its address, or its bytes in base64."""

    mime_type: str = text("mimeType")
    size: str | None = text("size", INTEGER, least=0)
    digest: str | None = text("digest", least=0)
    uri: str | None = text("uri", URI, least=0)
    data: str | None = text("contentData", least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Xml:
    """Messages: parts of them by which they are found, and whole ones, each a tuple of documents in canonical form."""

    keys: tuple[tuple[bytes, ...], ...] = fragments("keyXMLContent")
    embedded: tuple[tuple[bytes, ...], ...] = fragments("embeddedXMLContent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One thing in the envelope: a file or XML, never both."""

    description: str | None = text("contentDescription", least=0)
    keywords: tuple[Values, ...] = records("contentKeyword", Values)
    incident_id: str | None = text("incidentID", least=0)
    incident_description: str | None = text("incidentDescription", least=0)
    originator_roles: tuple[Values, ...] = records("originatorRole", Values)
    consumer_roles: tuple[Values, ...] = records("consumerRole", Values)
    confidentiality: str | None = text("confidentiality", least=0)
    file: File | None = record("nonXMLContent", File, least=0)
    xml: Xml | None = record("xmlContent", Xml, least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who sends what to whom."""

    distribution_id: str = text("distributionID")
    sender_id: str = text("senderID")
    sent: str = text("dateTimeSent", TIME)
    status: str = text("distributionStatus", values=STATUS)
    type: str = text("distributionType", values=TYPE)
    confidentiality: str = text("combinedConfidentiality")
    language: str | None = text("language", least=0)
    sender_roles: tuple[Values, ...] = records("senderRole", Values)
    recipient_roles: tuple[Values, ...] = records("recipientRole", Values)
    keywords: tuple[Values, ...] = records("keyword", Values)
    references: tuple[str, ...] = texts("distributionReference")
    addresses: tuple[Address, ...] = records("explicitAddress", Address)
    areas: tuple[TargetArea, ...] = records("targetArea", TargetArea)
    contents: tuple[Content, ...] = records("contentObject", Content, after="##other")

    @property
    def messages(self) -> tuple[bytes, ...]:
        """The documents inside, for the readers of their kinds."""
        return tuple(one for content in self.contents if content.xml for all_ in content.xml.embedded for one in all_)


KIND = Kind(Envelope, SPACE, "de", ("EDXLDistribution",))


def read(data: bytes, bounds: Bounds | None = None) -> Envelope:
    """An envelope. Raises BadMessage with all that is wrong with it, Refused for what is no XML within the bounds."""
    envelope, _name, _noted = opened(KIND, data, bounds, _judge)
    return envelope


def write(envelope: Envelope) -> bytes:
    """The document of an envelope. Raises BadMessage for one that `read` would refuse."""
    return sealed(KIND, envelope, "EDXLDistribution", _judge)


def _judge(envelope: Envelope) -> Iterator[Finding]:
    """What no schema says: what a type refers to, places, and one content in each object."""
    where = "EDXLDistribution"
    for name, value in (("distributionID", envelope.distribution_id), ("senderID", envelope.sender_id)):
        if not value.strip():
            yield found("empty_element", f"{where}/{name}")
    if envelope.type in ("Update", "Cancel", "Ack", "Error") and not envelope.references:
        yield found("no_references", where, type=envelope.type)
    for number, area in enumerate(envelope.areas, 1):
        for at, written in enumerate(area.polygons, 1):
            yield from judge_polygon(written, f"{where}/targetArea[{number}]/polygon[{at}]")
        for at, written in enumerate(area.circles, 1):
            yield from judge_circle(written, f"{where}/targetArea[{number}]/circle[{at}]")
    for number, content in enumerate(envelope.contents, 1):
        here = f"{where}/contentObject[{number}]"
        if (content.file is None) == (content.xml is None):
            yield found("either_or", here, names=("nonXMLContent", "xmlContent"))
        if content.file is not None and content.file.data is not None:
            yield from _file(content.file, f"{here}/nonXMLContent")


def _file(file: File, where: str) -> Iterator[Finding]:
    try:
        octets = base64.b64decode("".join((file.data or "").split()), validate=True)
    except (ValueError, binascii.Error):
        yield found("bad_value", f"{where}/contentData", value=(file.data or "")[:40], kind="base64")
        return
    digest = hashlib.sha1(octets, usedforsecurity=False).hexdigest()
    if file.digest and file.digest.strip().lower() != digest:
        yield found("bad_digest", f"{where}/digest", found=file.digest[:80], expected=digest)
    if file.size and file.size.strip().isdigit() and int(file.size.strip()[:18]) != len(octets):
        yield found("bad_size", f"{where}/size", said=file.size.strip()[:18], found=len(octets))
