"""The rulebook: dated versions from files, looked up for a moment and a place, shown in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from django.test import Client
from django.utils import translation
from small_county import NOW, make_user, plant_county, sign_in

from anlan.kernel.audit.models import Entry as Trail
from anlan.kernel.rulebook import schemas, services, wording
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.rulebook.queries import NoRule, entries, lookup, versions
from anlan.kernel.web import refs

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=30)


@pytest.fixture
def folder(tmp_path):
    """A rulebook of its own, and a database without any other."""
    Entry.objects.all().delete()
    return tmp_path


def rule(code="alarm.answer.1", minutes=3, **changes):
    return {
        "code": code,
        "title": "Answer to a red alarm",
        "title_zh": "红色报警确认时限",
        "minutes": minutes,
        "source": {"standard": "GB/T 50493-2019", "clause": "5.5.2"},
        "verified": True,
        "valid_from": "2020-01-01",
    } | changes


def ship(folder, *rules, now=NOW, name="clocks"):
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({name: list(rules)}, allow_unicode=True), encoding="utf-8")
    return services.load_shipped(now, folder)


def bureau(code, region=None, version=50, **fields):
    body = {"kind": "clock", "title": "own", "body": {"minutes": 1}, "valid_from": NOW, "digest": ""} | fields
    return Entry.objects.create(code=code, region=region, version=version, origin=Origin.BUREAU, **body)


# Loading -------------------------------------------------------------------------------------------------------------


def test_the_first_version_holds_from_its_own_day_in_the_bureaus_zone(folder):
    assert ship(folder, rule()) == 1
    entry = Entry.objects.get()
    assert (entry.version, entry.valid_to, entry.verified) == (1, None, True)
    assert entry.valid_from == datetime(2019, 12, 31, 16, tzinfo=UTC)
    assert entry.body == {"minutes": 3}
    assert (entry.standard, entry.clause) == ("GB/T 50493-2019", "5.5.2")


def test_loading_the_same_files_again_changes_nothing(folder):
    ship(folder, rule())
    trail = Trail.objects.count()
    assert ship(folder, rule(), now=LATER) == 0
    assert Entry.objects.count() == 1
    assert Trail.objects.count() == trail


def test_a_changed_rule_holds_from_now_and_history_keeps_the_old_one(folder):
    ship(folder, rule(minutes=3))
    assert ship(folder, rule(minutes=5), now=LATER) == 1
    assert lookup("clock", "alarm.answer.1", at=LATER - timedelta(seconds=1)).body["minutes"] == 3
    assert lookup("clock", "alarm.answer.1", at=LATER).body["minutes"] == 5
    old, new = Entry.objects.order_by("version")
    assert (old.valid_to, new.valid_from, new.version) == (LATER, LATER, 2)
    assert [entry.version for entry in versions(old)] == [2, 1]


def test_a_changed_rule_with_a_later_day_waits_for_it(folder):
    ship(folder, rule(minutes=3))
    ship(folder, rule(minutes=5, valid_from="2027-07-01"))
    change = datetime(2027, 6, 30, 16, tzinfo=UTC)
    assert lookup("clock", "alarm.answer.1", at=change - timedelta(seconds=1)).body["minutes"] == 3
    assert lookup("clock", "alarm.answer.1", at=change).body["minutes"] == 5
    # A correction before that day: the version that never came into force is found at no moment.
    ship(folder, rule(minutes=6, valid_from="2027-07-01"), now=LATER)
    assert lookup("clock", "alarm.answer.1", at=change).body["minutes"] == 6
    assert [e.body["minutes"] for e in entries("clock", change - timedelta(seconds=1))] == [3]


def test_going_back_to_an_older_text_is_a_new_version(folder):
    for n, minutes in enumerate((3, 5, 3)):
        ship(folder, rule(minutes=minutes), now=NOW + timedelta(days=n))
    assert [e.body["minutes"] for e in Entry.objects.order_by("version")] == [3, 5, 3]
    assert Entry.objects.filter(valid_to=None).count() == 1


def test_a_rule_that_left_the_files_ends(folder):
    ship(folder, rule(), rule("alarm.answer.2"))
    ship(folder, rule(), now=LATER)
    with pytest.raises(NoRule):
        lookup("clock", "alarm.answer.2", at=LATER)
    assert lookup("clock", "alarm.answer.2", at=NOW)


def test_an_upgrade_never_touches_what_the_bureau_set(folder):
    ship(folder, rule(minutes=3))
    own = bureau("alarm.answer.1")
    ship(folder, rule(minutes=9), now=LATER)
    own.refresh_from_db()
    assert (own.valid_to, own.body) == (None, {"minutes": 1})
    assert lookup("clock", "alarm.answer.1", at=LATER).pk == own.pk
    assert Entry.objects.filter(origin=Origin.SHIPPED).count() == 2


def test_all_faults_are_named_and_nothing_is_loaded(folder):
    with pytest.raises(services.BadRule) as refused:
        ship(
            folder,
            rule("a.a"),
            rule("a.a"),
            rule("b.b", hours=2),
            rule("c.c", ladder=[{"to": "duty"}]),
            rule("d.d", ladder=[{"after_s": 0, "to": "everybody"}]),
            rule("e.e", minutes=-3),
        )
    for code in ("a.a", "b.b", "c.c", "d.d", "e.e"):
        assert code in str(refused.value)
    assert not Entry.objects.exists()


def test_a_file_that_is_no_list_or_lacks_a_field_is_refused_by_name(folder):
    (folder / "clocks.yaml").write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(services.BadRule, match=r"clocks\.yaml"):
        services.load_shipped(NOW, folder)
    lacking = rule()
    del lacking["valid_from"]
    with pytest.raises(services.BadRule, match="valid_from"):
        ship(folder, lacking)


def test_S5_each_version_leaves_an_audit_entry(folder):
    ship(folder, rule(minutes=3))
    ship(folder, rule(minutes=5), now=LATER)
    new = Entry.objects.get(version=2)
    entry = Trail.objects.get(verb="rulebook.ship", ref=f"rule:{new.pk}")
    assert (entry.before, entry.after["version"], entry.source) == ({"version": 1}, 2, "upgrade")


# What ships ----------------------------------------------------------------------------------------------------------


def test_the_shipped_rules_come_with_the_database():
    for level in (1, 2, 3, 4):
        assert lookup("clock", f"alarm.answer.{level}", at=NOW)
        assert lookup("clock", f"alarm.handle.{level}", at=NOW)


def test_what_stands_in_no_law_is_shipped_as_unverified_and_without_clause():
    for entry in Entry.objects.filter(kind="clock"):
        assert not entry.verified
        assert (entry.standard, entry.clause) == ("", "")


def test_every_shipped_rule_has_a_chinese_title_and_reads_in_words():
    shipped = list(services.read())
    assert shipped
    for one in shipped:
        assert one.title_zh, one.code
        if not one.verified:
            continue
        assert one.standard, f"{one.code}: verified against what?"
    for entry in Entry.objects.all():
        assert wording.lines_of(entry), entry


# Looking up ----------------------------------------------------------------------------------------------------------


def test_the_nearest_region_decides_then_the_bureau_then_the_newer(folder):
    county = plant_county()
    ship(folder, rule(minutes=3))
    bureau("alarm.answer.1", county.county, 51, body={"minutes": 10})
    bureau("alarm.answer.1", county.canglang, 52, body={"minutes": 20})

    def minutes(region):
        return lookup("clock", "alarm.answer.1", at=LATER, region=region).body["minutes"]

    assert [minutes(r) for r in (county.grid, county.canglang, county.danya, None)] == [20, 20, 10, 3]
    assert lookup("clock", "alarm.answer.1", at=NOW - timedelta(days=1), region=county.grid).body["minutes"] == 3
    bureau("alarm.answer.1", None, 53, body={"minutes": 4})
    assert minutes(None) == 4
    bureau("alarm.answer.1", county.canglang, 54, body={"minutes": 21}, valid_from=NOW + timedelta(days=1))
    assert minutes(county.grid) == 21


def test_the_deciding_entries_of_a_place_are_one_per_code(folder):
    county = plant_county()
    ship(folder, rule(minutes=3), rule("alarm.answer.2", minutes=5))
    own = bureau("alarm.answer.2", county.canglang)
    assert [(e.code, e.body["minutes"]) for e in entries("clock", LATER, county.grid)] == [
        ("alarm.answer.1", 3),
        ("alarm.answer.2", 1),
    ]
    assert own in entries("clock", LATER)
    assert len(entries("clock", LATER)) == 3
    assert len(entries("clock", LATER, county.danya)) == 2


def test_no_rule_says_what_was_looked_for():
    with pytest.raises(NoRule, match=r"alarm\.nothing") as missing:
        lookup("clock", "alarm.nothing", at=NOW)
    assert (missing.value.kind, missing.value.code) == ("clock", "alarm.nothing")


def test_a_kind_of_another_room_is_checked_by_its_own_schema(folder):
    kept = schemas._schemas.get("alarm")
    schemas.register_schema("alarm", lambda body: [] if body.get("condition") else ["no condition"])
    try:
        with pytest.raises(services.BadRule, match="no condition"):
            ship(folder, rule("GAS-01"), name="alarms")
    finally:
        schemas._schemas.pop("alarm")
        if kept:
            schemas.register_schema("alarm", kept)


# Showing -------------------------------------------------------------------------------------------------------------


def clock_entry(**body):
    return Entry(kind="clock", code="c", version=1, title="T", title_zh="题", body=body, valid_from=NOW)


def test_a_clock_reads_in_words():
    entry = clock_entry(
        hours=4,
        calendar="working",
        extensions_max=1,
        extension_max_days=3,
        ladder=[
            {"before_s": 3600, "to": "assignee", "words": {"en": "One hour left", "zh": "还有 1 小时"}},
            {"after_s": 0, "to": "duty"},
            {"after_s": 172800, "to": "leader", "words": "late"},
        ],
    )
    with translation.override("en"):
        lines = [(line.label, line.value) for line in wording.lines_of(entry)]
    assert lines == [
        ("Time allowed", "4 h"),
        ("Counted in", "Working time"),
        ("1 h before it is due", "whoever has it in hand hears: One hour left"),
        ("When it is due", "the duty officer"),
        ("2 days after it was due", "the leader on duty hears: late"),
        ("May be extended", "once, by at most 3 days"),
    ]


def test_the_page_of_a_rule_shows_source_days_and_the_mark_of_the_unverified(folder):
    county = plant_county()
    ship(folder, rule(verified=False, note="因地制宜"))
    ship(folder, rule(verified=True, minutes=5), now=LATER)
    old = Entry.objects.get(version=1)
    client = sign_in(Client(), make_user("officer", "grid_worker", region=county.grid))
    page = client.get(refs.url_of(f"rule:{old.pk}")).content.decode()
    for words in ("红色报警确认时限", "GB/T 50493-2019", "5.5.2", "因地制宜", "2020-01-01 00:00", "v2"):
        assert words in page
    assert page.count("tag warn") == 1
    assert "minutes" not in page, "a rule is shown as fields, never as code"
    assert "tag warn" not in client.get(f"/rulebook/{Entry.objects.get(version=2).pk}/").content.decode()
    assert "红色报警确认时限" in client.get("/rulebook/").content.decode()
    assert client.get("/rulebook/?all=1").content.decode().count("data-row") == 2


def test_S1_the_rulebook_opens_for_who_may_read_it(folder):
    county = plant_county()
    ship(folder, rule())
    pk = Entry.objects.get().pk
    nobody = make_user("nobody")
    client = sign_in(Client(), nobody)
    assert client.get(f"/rulebook/{pk}/").status_code == 404
    assert client.get("/rulebook/999999/").status_code == 404
    assert client.get("/rulebook/").status_code == 403
    assert not refs.may_see(nobody, f"rule:{pk}")
    assert refs.may_see(make_user("grid", "grid_worker", region=county.grid), f"rule:{pk}")
