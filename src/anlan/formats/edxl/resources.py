"""Requests, commitments and returns of resources: the core of EDXL Resource Messaging 1.0.

All sixteen messages have one form; which parts of it a message needs is said by the standard's tables, which are not in
hand, so only the common ones are asked for. What is beyond the core is told and left out. Source: EDXL-RM 1.0 (OASIS,
2008).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from anlan.formats.cap.values import moment
from anlan.formats.edxl.messages import Kind, opened, sealed
from anlan.formats.findings import BadMessage, Finding, found
from anlan.formats.records import TIME, fragments, record, records, text, texts
from anlan.formats.trees import Bounds, name_of

SPACE, COMMON = "urn:oasis:names:tc:emergency:EDXL:RM:1.0:msg", "urn:oasis:names:tc:emergency:EDXL:RM:1.0"

#: The messages, each by the name of its root element.
MESSAGES = (
    "RequestResource", "ResponseToRequestResource", "RequisitionResource", "CommitResource", "RequestInformation",
    "ResponseToRequestInformation", "OfferUnsolicitedResource", "ReleaseResource", "RequestReturn",
    "ResponseToRequestReturn", "RequestQuote", "ResponseToRequestQuote", "RequestResourceDeploymentStatus",
    "ReportResourceDeploymentStatus", "RequestExtendedDeploymentDuration",
    "ResponseToRequestExtendedDeploymentDuration",
)  # fmt: skip
SCHEDULE = (
    "RequestedArrival", "EstimatedArrival", "ActualArrival", "RequestedDeparture", "EstimatedDeparture",
    "ActualDeparture", "RequestedReturnDeparture", "EstimatedReturnDeparture", "ActualReturnDeparture",
    "RequestedReturnArrival", "EstimatedReturnArrival", "ActualReturnArrival", "BeginAvailable", "EndAvailable",
    "Committed", "Current", "ReportTo", "Route",
)  # fmt: skip
RESPONSES = ("Accept", "Decline", "Provisional")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What it is for."""

    id: str | None = text("IncidentID", least=0, space=COMMON)
    description: str | None = text("IncidentDescription", least=0, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to ask."""

    description: str | None = text("ContactDescription", least=0, space=COMMON)
    role: str | None = text("ContactRole", least=0, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A value of a list that somebody keeps."""

    list_urn: str = text("ValueListURN", space=COMMON)
    values: tuple[str, ...] = texts("Value", least=1, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to one line of a request: the line it answers, and whether."""

    preceding: str | None = text("PrecedingResourceInfoElementID", least=0, space=COMMON)
    type: str | None = text("ResponseType", values=RESPONSES, least=0, space=COMMON)
    reason: str | None = text("ReasonDescription", least=0, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A thing, a team, or a kind of them."""

    id: str | None = text("ResourceID", least=0)
    name: str | None = text("Name", least=0)
    type: Listed | None = record("TypeStructure", Listed, least=0)
    keywords: tuple[Listed, ...] = records("Keyword", Listed)
    description: str | None = text("Description", least=0)
    special_requirements: str | None = text("SpecialRequirements", least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An amount with its unit."""

    amount: str = text("Amount", space=COMMON)
    unit: Listed | None = record("UnitOfMeasure", Listed, least=0, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """How much: measured, or in words."""

    measured: Measured | None = record("MeasuredQuantity", Measured, least=0, space=COMMON)
    words: str | None = text("QuantityText", least=0, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What it is asked for, and how much of it."""

    quantity: Quantity | None = record("Quantity", Quantity, least=0, known=False)
    restrictions: str | None = text("Restrictions", least=0)
    function: str | None = text("AnticipatedFunction", least=0)
    order_id: str | None = text("OrderID", least=0)
    instructions: str | None = text("AssignmentInstructions", least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where, in words and as others write it."""

    description: str | None = text("LocationDescription", least=0, space=COMMON)
    address: tuple[tuple[bytes, ...], ...] = fragments("Address", most=1, space=COMMON)
    area: tuple[tuple[bytes, ...], ...] = fragments("TargetArea", most=1, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One point of the way of a resource."""

    type: str = text("ScheduleType", values=SCHEDULE)
    at: str | None = text("DateTime", TIME, least=0)
    place: Location | None = record("Location", Location, least=0, known=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a message. Its number is unique in the message; answers name it."""

    number: str = text("ResourceInfoElementID")
    response: Response | None = record("ResponseInformation", Response, least=0, known=False)
    resource: Resource | None = record("Resource", Resource, least=0, known=False)
    assignment: Assignment | None = record("AssignmentInformation", Assignment, least=0, known=False)
    schedule: tuple[Schedule, ...] = records("ScheduleInformation", Schedule, known=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceMessage:
    """One of the sixteen messages; `content_type` says which."""

    id: str = text("MessageID")
    sent: str = text("SentDateTime", TIME)
    content_type: str = text("MessageContentType", values=MESSAGES)
    description: str | None = text("MessageDescription", least=0)
    originating: str | None = text("OriginatingMessageID", least=0)
    preceding: str | None = text("PrecedingMessageID", least=0)
    incidents: tuple[Incident, ...] = records("IncidentInformation", Incident, known=False)
    contacts: tuple[Contact, ...] = records("ContactInformation", Contact, known=False)
    lines: tuple[Line, ...] = records("ResourceInformation", Line, known=False)


KIND = Kind(ResourceMessage, SPACE, "rm", MESSAGES, frozenset({SPACE, COMMON}), known=False)


def read(data: bytes, bounds: Bounds | None = None) -> tuple[ResourceMessage, tuple[Finding, ...]]:
    """A message, and what of it was not read. Raises BadMessage and Refused."""
    message, root, findings = opened(KIND, data, bounds, _judge)
    name = name_of(root)
    if name != message.content_type:
        where = f"{name}/MessageContentType"
        raise BadMessage(found("not_in_list", where, value=message.content_type, expected=(name,)))
    return message, findings


def write(message: ResourceMessage) -> bytes:
    """The document of a message. Raises BadMessage for one that `read` would refuse."""
    return sealed(KIND, message, message.content_type, _judge)


def _judge(message: ResourceMessage) -> Iterator[Finding]:
    where = message.content_type
    if moment(message.sent) is None and message.sent:
        yield found("no_time_zone", f"{where}/SentDateTime", value=message.sent[:60])
    if where.startswith("ResponseTo") and not message.preceding:
        yield found("missing_element", where, name="PrecedingMessageID")
    numbers = [line.number for line in message.lines]
    for number in {one for one in numbers if numbers.count(one) > 1}:
        yield found("repeated_element", f"{where}/ResourceInformation", name=number[:60], limit=1)
