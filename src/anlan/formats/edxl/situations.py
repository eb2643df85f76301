"""Reports on a situation: the head of EDXL SitRep 1.0, and what was seen in the field.

A report is one of five kinds. The parts of a field observation are known; of the others the content is kept as it came.
Source: EDXL-SitRep 1.0, Committee Specification 02 (OASIS, 2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from anlan.formats import records
from anlan.formats.cap.values import moment
from anlan.formats.edxl.messages import Kind, opened, sealed
from anlan.formats.findings import BadMessage, Finding, found, noted
from anlan.formats.records import STAMP, canonical, fragments, record, text, texts
from anlan.formats.trees import Bounds, Element, child, children, tree_of

SPACE, COMMON = "urn:oasis:names:tc:emergency:EDXL:SitRep:1.0", "urn:oasis:names:tc:emergency:edxl:ct:1.0"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: The kind whose parts are known.
FIELD = "FieldObservationType"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who, as others write it, and when."""

    person: tuple[tuple[bytes, ...], ...] = fragments("personDetails", least=1, most=1, space=COMMON)
    at: str = text("timeValue", STAMP, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time that is reported on."""

    start: str = text("fromDateTime", STAMP, space=COMMON)
    end: str = text("toDateTime", STAMP, space=COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What somebody saw."""

    place: tuple[tuple[bytes, ...], ...] = fragments("observationLocation", least=1, most=1)
    needs: str = text("immediateNeeds")
    need_categories: tuple[str, ...] = texts("immediateNeedsCategory")
    seen: str = text("observationText")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitRep:
    """One report. `kind` is the type of its body; `observation` reads the body of a field observation."""

    id: str = text("messageID")
    prepared_by: Signed = record("preparedBy", Signed, known=False)
    authorized_by: Signed = record("authorizedBy", Signed, known=False)
    purpose: str = text("reportPurpose")
    number: str = text("reportNumber")
    version: str = text("reportVersion")
    period: Period = record("forTimePeriod", Period, known=False)
    title: str | None = text("reportTitle", least=0)
    incident_ids: tuple[str, ...] = texts("incidentID", least=1)
    originating: str | None = text("originatingMessageID", least=0)
    preceding: tuple[str, ...] = texts("precedingMessageID")
    urgency: str | None = text("urgency", least=0)
    confidence: str = text("reportConfidence")
    severity: str = text("severity")
    body: tuple[tuple[bytes, ...], ...] = fragments("report", least=1, most=1)
    kind: str = FIELD


KIND = Kind(SitRep, SPACE, "sr", ("sitRep",), frozenset({SPACE, COMMON}), known=False)


def read(data: bytes, bounds: Bounds | None = None) -> tuple[SitRep, tuple[Finding, ...]]:
    """A report, and what of it was not read. Raises BadMessage and Refused."""
    report, root, findings = opened(KIND, data, bounds, _judge)
    body = child(root, "report")
    kind = "" if body is None else str(body.get(_TYPE, "")).rpartition(":")[2]
    if kind != FIELD:
        findings = (*findings, noted("unknown_code", "sitRep/report", value=kind[:60], list="xsi:type"))
    report = replace(report, kind=kind)
    if kind == FIELD:
        observation(report)
    return report, findings


def observation(report: SitRep) -> Observation:
    """The body of a field observation. Raises BadMessage for a body that is none."""
    body = etree.Element(f"{{{SPACE}}}report")
    for part in report.body[0] if report.body else ():
        body.append(tree_of(part))
    wrong = list(records.breaches(body, records.group_of(Observation, open_=True), "sitRep/report", KIND.family))
    if report.kind != FIELD:
        wrong.append(found("not_in_list", "sitRep/report", value=report.kind[:60], expected=(FIELD,)))
    if any(one.blocks for one in wrong):
        raise BadMessage(*wrong)
    return records.read(Observation, body, KIND.family)


def body_of(observed: Observation) -> tuple[tuple[bytes, ...], ...]:
    """The body that says a field observation."""
    body = tree_of(records.written(records.build(observed, "report", SPACE, KIND.prefix)))
    return (tuple(canonical(part) for part in children(body)),)


def write(report: SitRep) -> bytes:
    """The document of a report. Raises BadMessage for one that `read` would refuse."""
    if report.kind == FIELD:
        observation(report)

    def typed(root: Element) -> None:
        body = child(root, "report")
        if body is not None:
            # The prefix of the value is that of the namespace of the report itself.
            body.set(_TYPE, f"sr:{report.kind}")

    return sealed(KIND, report, "sitRep", _judge, typed)


def _judge(report: SitRep) -> Iterator[Finding]:
    start, end = moment(report.period.start), moment(report.period.end)
    if start is not None and end is not None and start > end:
        args = {"first": "fromDateTime", "first_at": report.period.start, "second": "toDateTime"}
        yield found("late_order", "sitRep/forTimePeriod", **args, second_at=report.period.end)
    if not report.id.strip():
        yield found("empty_element", "sitRep/messageID")
