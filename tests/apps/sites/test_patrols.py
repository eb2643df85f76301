"""Patrols of hazard points: rhythm, grades, recording, the due list."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from camera_server import picture
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from small_county import NOW, sign_in

from anlan.apps.sites import queries
from anlan.apps.sites.declarations import FIRE_HAZARDS, GEO_HAZARDS
from anlan.apps.sites.models import Finding, GeoHazard, Patrol
from anlan.apps.sites.rhythm import Rhythm, faults_of
from anlan.apps.sites.services import grading
from anlan.apps.sites.services.patrols import Refused, record_patrol
from anlan.kernel.audit.models import Entry
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.models import Revision
from anlan.kernel.web.refs import ref_of

ZONE = ZoneInfo("Asia/Shanghai")
BODY = {
    "register": "geo-hazard",
    "every": {"0": 30, "1": 7, "2": 15, "3": 30, "4": 30},
    "seasons": [
        {"name": "Flood", "name_zh": "汛期", "first": "05-01", "last": "09-30",
         "every": {"0": 7, "1": 1, "2": 3, "3": 7, "4": 15}}
    ],
    "after": {"danger": 1},
}  # fmt: skip


def point(world, now=NOW, **other):
    values = {
        "name": "沙头后山滑坡", "kind": "landslide", "region": "990123101201", "lon": 104.1, "lat": 31.6, "level": 2,
        "people": 126, "property_wan": 480, "volume_m3": 180_000, "watcher": "闻人溪", "watcher_phone": "19000004101",
    }  # fmt: skip
    return registers.create(GEO_HAZARDS, {**values, **other}, actor=world.actor, now=now)


# --- the rhythm -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "level", "finding", "days"),
    [
        (date(2026, 4, 30), 1, "", 7),
        (date(2026, 5, 1), 1, "", 1),
        (date(2026, 9, 30), 2, "normal", 3),
        (date(2026, 10, 1), 2, "normal", 15),
        (date(2026, 10, 1), None, "", 30),
        (date(2026, 10, 1), 4, "danger", 1),
    ],
)
def test_the_rhythm_depends_on_level_season_and_finding(day, level, finding, days):
    assert Rhythm.of(BODY).every(level, finding, day) == days


def test_a_season_may_run_over_the_new_year():
    body = {**BODY, "seasons": [{**BODY["seasons"][0], "first": "11-01", "last": "05-31"}]}
    rhythm = Rhythm.of(body)
    assert [rhythm.season(day) is not None for day in (date(2026, 12, 31), date(2027, 1, 1), date(2026, 6, 1))] == [
        True, True, False,
    ]  # fmt: skip


def test_a_visit_is_due_at_the_end_of_a_day_in_the_bureau_zone():
    last = datetime(2026, 6, 1, 17, 0, tzinfo=UTC)  # the 2nd, 01:00 there
    due = Rhythm.of(BODY).due(last, 2, "normal", now=last, zone=ZONE)
    assert due == datetime(2026, 6, 6, 0, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    "broken",
    [
        {"every": {"1": 1}},
        {"register": ""},
        {"after": {"fine": 2}},
        {"seasons": [{**BODY["seasons"][0], "first": "13-01"}]},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(broken):
    assert faults_of(BODY) == []
    assert faults_of({**BODY, **broken})


# --- grades -----------------------------------------------------------------------------------------------------------
def test_the_grades_come_from_the_rulebook_and_follow_every_change(world):
    made = point(world)
    assert (made.danger, made.scale) == ("medium", "medium")
    registers.change(GEO_HAZARDS, made, {"people": 640, "volume_m3": 2_000_000}, actor=world.actor, now=NOW)
    made = GeoHazard.records.get(pk=made.pk)
    assert (made.danger, made.scale) == ("large", "large")


def test_what_is_not_known_leaves_the_grade_open(world):
    made = point(world, people=None, property_wan=None, volume_m3=None)
    assert (made.danger, made.scale) == ("", "")
    verdict = grading.danger_of(made, NOW)
    assert verdict.graded.missing == ("people", "loss_wan")
    assert point(world, code="G-2", name="地裂缝", kind="ground-fissure").scale == ""


def test_the_archive_shows_how_the_grade_was_reached(world, client):
    made = point(world)
    sign_in(client, world.duty)
    page = client.get(reverse("registers:archive", args=["geo-hazard", made.code]), {"tab": "grade"}).content.decode()
    assert "国家突发地质灾害应急预案" in page


# --- recording --------------------------------------------------------------------------------------------------------
def test_a_patrol_is_kept_with_history_audit_and_the_rule_that_made_it_due(world):
    made = point(world, now=NOW - timedelta(days=40))
    patrol = record_patrol(GEO_HAZARDS, made, finding="normal", note="", at=NOW, actor=world.town, now=NOW)
    made = GeoHazard.records.get(pk=made.pk)
    assert (made.patrolled_at, made.finding) == (NOW, "normal")
    assert patrol.rule.code == "PATROL-GEO"
    assert patrol.due_at < NOW
    assert Entry.objects.filter(verb="patrol.record", actor_id=world.town.pk).count() == 1
    last = Revision.objects.filter(register="geo-hazard", record=made.pk).last()
    assert last.after["finding"] == "normal"
    assert last.by == world.town


def test_an_earlier_visit_entered_late_leaves_the_later_finding(world):
    made = point(world, now=NOW - timedelta(days=40))
    record_patrol(GEO_HAZARDS, made, finding="changed", note="裂缝增宽", at=NOW, actor=world.town, now=NOW)
    record_patrol(GEO_HAZARDS, made, finding="normal", note="", at=NOW - timedelta(days=2), actor=world.town, now=NOW)
    assert GeoHazard.records.get(pk=made.pk).finding == "changed"
    assert Patrol.records.filter(ref=ref_of(made)).count() == 2


@pytest.mark.parametrize(
    ("finding", "note", "off"),
    [("", "", 0), ("odd", "", 0), ("changed", "", 0), ("danger", " ", 0), ("normal", "", 1), ("normal", "", -40)],
)
def test_a_patrol_that_cannot_be_is_refused_and_nothing_is_kept(world, finding, note, off):
    made = point(world)
    with pytest.raises(Refused):
        record_patrol(
            GEO_HAZARDS, made, finding=finding, note=note, at=NOW + timedelta(days=off), actor=world.town, now=NOW
        )
    assert not Patrol.records.exists()


def test_S2_nobody_records_a_patrol_elsewhere(world, client):
    made = point(world)
    with pytest.raises(NotAllowed):
        record_patrol(GEO_HAZARDS, made, finding="normal", note="", at=NOW, actor=world.other, now=NOW)
    for user in (world.other, world.keeper):
        sign_in(client, user)
        answer = client.post(reverse("sites:record_patrol", args=["geo-hazard", made.code]), {"finding": "normal"})
        assert answer.status_code == 404
    assert not Patrol.records.exists()


def test_a_danger_is_told_to_whoever_answers_alarms_there(world):
    made = point(world)
    record_patrol(GEO_HAZARDS, made, finding="danger", note="贯通裂缝", at=NOW, actor=world.town, now=NOW)
    assert list(Notice.objects.values_list("to__username", flat=True)) == ["duty"]


# --- pages ------------------------------------------------------------------------------------------------------------
def test_a_patrol_with_a_photo_comes_in_by_the_form(world, client):
    made = point(world, now=timezone.now() - timedelta(days=3))
    sign_in(client, world.town)
    photo = SimpleUploadedFile("crack.jpg", picture(), content_type="image/jpeg")
    answer = client.post(
        reverse("sites:record_patrol", args=["geo-hazard", made.code]),
        {"finding": "changed", "note": "后缘裂缝增宽", "photo": photo, "at": "", "back": "due"},
    )
    assert answer.url == reverse("sites:patrols")
    patrol = Patrol.records.get()
    assert patrol.finding == Finding.CHANGED
    assert Evidence.objects.get().ref == ref_of(patrol)
    page = client.get(reverse("registers:archive", args=["geo-hazard", made.code]), {"tab": "patrols"})
    assert "后缘裂缝增宽" in page.content.decode()
    with contextlib.closing(client.get(reverse("evidence:thumb", args=[Evidence.objects.get().pk]))) as thumb:
        assert thumb.status_code == 200


def test_a_time_that_is_none_says_so(world, client):
    made = point(world)
    sign_in(client, world.town)
    client.post(reverse("sites:record_patrol", args=["geo-hazard", made.code]), {"finding": "normal", "at": "soon"})
    assert not Patrol.records.exists()


def test_the_due_list_begins_with_the_most_overdue_and_knows_only_its_towns(world, client):
    now = timezone.now()
    old = point(world, now=now - timedelta(days=90), code="OLD", name="旧隐患点")
    point(world, now=now, code="NEW", name="新隐患点", level=4)
    registers.create(
        FIRE_HAZARDS, {"name": "云台林片", "kind": "forest", "region": "990123102201", "level": 3, "code": "FAR"},
        actor=world.actor, now=now - timedelta(days=90),
    )  # fmt: skip
    dues = queries.due_list(world.town, "site.see", now)
    assert [one.point.code for one in dues] == ["OLD", "NEW"]
    assert dues[0].late_days(now) > 0
    sign_in(client, world.town)
    page = client.get(reverse("sites:patrols"), {"show": "all"}).content.decode()
    assert "旧隐患点" in page
    assert "云台林片" not in page
    late = client.get(reverse("sites:patrols"), {"show": "late", "register": "geo-hazard"}).content.decode()
    assert "新隐患点" not in late
    sheet = client.get(reverse("sites:patrols"), {"as": "csv", "show": "all"})
    assert "OLD" in sheet.content.decode("utf-8-sig")
    record_patrol(GEO_HAZARDS, old, finding="normal", note="", at=now, actor=world.town, now=now)
    assert queries.due_of("geo-hazard", GeoHazard.records.get(pk=old.pk), now).late_days(now) == 0
    assert "旧隐患点" in client.get(reverse("sites:patrols_done"), {"finding": "normal"}).content.decode()


def test_the_pages_say_what_to_do_when_they_are_empty(world, client):
    sign_in(client, world.town)
    for name in ("sites:patrols", "sites:patrols_done"):
        assert client.get(reverse(name)).status_code == 200
        assert client.get(reverse(name), {"town": "x", "since": "2026-99-99", "page": "x"}).status_code == 200


def test_merging_two_points_brings_the_patrols_along(world):
    keep, drop = point(world, code="KEEP"), point(world, code="DROP", name="重复的滑坡")
    record_patrol(GEO_HAZARDS, drop, finding="normal", note="", at=NOW, actor=world.town, now=NOW)
    registers.merge(GEO_HAZARDS, keep, drop, taken={}, actor=world.actor, now=NOW)
    assert Patrol.records.get().ref == ref_of(keep)
