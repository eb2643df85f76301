"""Towns merged and renamed by dated codes: what lies in them goes along, rights and history stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
import shapely
from django.utils import timezone
from small_county import NOW, make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.kernel.audit import services as audit
from anlan.kernel.audit.models import Entry
from anlan.kernel.borders import services
from anlan.kernel.borders.services import Place, Refused
from anlan.kernel.people import services as people
from anlan.kernel.people.models import Grant, Post
from anlan.kernel.people.rights import NotAllowed, may, reach
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import within
from anlan.kernel.registers import services as records
from anlan.kernel.registers.models import Revision
from anlan.kernel.rulebook import models as rulebook

TODAY = timezone.localdate(NOW)


def entered(code, region, **more):
    raw = {"code": code, "name": f"站{code}", "kind": "filling", "region": region, **more}
    return records.create(ENTERPRISES, raw, actor=people.system_user("tests"), now=NOW)


def merge(county, keeper, **more):
    return services.merge(
        region=county.danya, into=county.canglang, on=TODAY, actor=keeper, now=NOW, note="民函〔2026〕1号", **more
    )


def test_what_lies_in_a_merged_town_goes_to_the_other_one(county, keeper):
    in_town, in_village = entered("S-1", "990123102"), entered("S-2", "990123102201")
    moved = merge(county, keeper)
    assert moved["sites.enterprise"] == 1, "the one in the village moves with its village"
    in_town.refresh_from_db()
    in_village.refresh_from_db()
    assert in_town.region == county.canglang
    assert in_village.region.path == "/990123/990123101/990123101202/", "201 is taken there, so it gets the next number"
    line = Revision.objects.get(register="enterprise", record=in_town.pk, act="change")
    assert (line.before, line.after) == ({"region": "990123102"}, {"region": "990123101"})
    danya = Region.records.get(code="990123102")
    assert (danya.valid_until, danya.successor) == (TODAY, county.canglang)
    assert not Region.objects.filter(code="990123102").exists()
    canglang = Region.objects.get(code="990123101")
    assert canglang.population == 65_000
    assert shapely.from_wkb(bytes(canglang.boundary)).equals(shapely.box(104, 31.5, 105, 32))
    entry = Entry.objects.get(verb="region.merge")
    assert entry.after["into"] == "990123101"
    assert entry.note == "民函〔2026〕1号"


def test_old_codes_still_resolve_in_the_tree_and_in_files(county, keeper):
    merge(county, keeper)
    assert queries.resolve("990123102").code == "990123101"
    assert queries.resolve("990123102201").code == "990123101202"
    record = entered("S-9", "990123102")
    assert record.region == county.canglang


def test_who_answers_for_the_other_town_sees_the_records(county, keeper):
    entered("S-1", "990123102")
    officer = make_user("officer", "town_officer", region=county.canglang)
    assert ENTERPRISES.rows(officer).count() == 0
    merge(county, keeper)
    assert ENTERPRISES.rows(officer).count() == 1


def test_rights_go_along_and_fold(county, keeper):
    old = make_user("old", "town_officer", region=county.danya)
    both = make_user("both", "town_officer", region=county.danya)
    console = people.system_user("console")
    people.give_role(
        user=both, role="town_officer", region=county.canglang, actor=console, now=NOW,
        valid_to=NOW + timedelta(days=1),
    )  # fmt: skip
    village = make_user("village", "grid_worker", region=county.yuntai)
    merge(county, keeper)
    canglang = Region.objects.get(pk=county.canglang.pk)
    assert reach(old, "case.work") == (canglang.path,)
    grant = Grant.objects.get(user=both)
    assert (grant.region, grant.valid_to) == (canglang, None), "the longer of the two spans"
    yuntai = Region.objects.get(pk=county.yuntai.pk)
    assert reach(village, "case.work") == (yuntai.path,)
    assert may(old, "case.work", yuntai)
    assert Entry.objects.filter(verb="rights.manage", after__region="990123101").count() >= 2


def test_the_trail_of_a_merged_town_is_read_by_who_answers_for_it_now(county, keeper):
    console = people.system_user("console")
    audit.record(actor=console, verb="case.close", obj="case:1", region=county.yuntai, now=NOW)
    officer = make_user("officer", "town_officer", region=county.canglang)
    stranger = make_user("stranger", "town_officer", region=county.shatou)
    seen = lambda who: Entry.objects.filter(within(reach(who, "case.see"), "region_path"), verb="case.close").count()  # noqa: E731
    assert seen(officer) == 0
    merge(county, keeper)
    assert (seen(officer), seen(stranger)) == (1, 0)
    assert Entry.objects.get(verb="case.close").region_path == "/990123/990123102/990123102201/", "never written over"


def test_posts_go_along_into_free_slots(county, keeper):
    console = people.system_user("console")
    department = people.add_department(code="d", name="办", region=county.county, actor=console, now=NOW)
    a, b, c = (make_user(name) for name in "abc")
    for region, slot, who in ((county.canglang, "A", a), (county.danya, "A", b), (county.danya, "B", c)):
        people.fill_post(
            duty="information_officer", name="灾害信息员", department=department, region=region, holder=who, slot=slot,
            actor=console, now=NOW,
        )  # fmt: skip
    merge(county, keeper)
    held = {post.slot: post.holder for post in Post.objects.filter(region=county.canglang)}
    assert held == {"A": a, "B": b}
    assert Entry.objects.filter(verb="duty.manage", after={}).count() == 1, "the third one is given up, and it is told"


def test_a_rule_of_the_bureau_for_the_town_alone_stops_the_merger(county, keeper):
    rulebook.Entry.objects.create(
        kind="alarm", code="OWN-1", version=1, region=county.danya, origin="bureau", title="x", valid_from=NOW,
        digest="",
    )  # fmt: skip
    with pytest.raises(Refused, match="OWN-1"):
        merge(county, keeper)
    assert Region.objects.filter(code="990123102").exists()


def test_nobody_merges_without_the_right_or_across_levels(county, keeper):
    town = make_user("town", "record_keeper", region=county.danya)
    with pytest.raises(NotAllowed):
        services.merge(region=county.danya, into=county.canglang, on=TODAY, actor=town, now=NOW)
    with pytest.raises(Refused):
        services.merge(region=county.danya, into=county.shatou, on=TODAY, actor=keeper, now=NOW)
    with pytest.raises(Refused, match=r"ahead|未"):
        services.merge(
            region=county.danya, into=county.canglang, on=TODAY + timedelta(days=1), actor=keeper, now=NOW
        )  # fmt: skip


def test_a_town_of_another_name_and_code_takes_its_villages_along(county, keeper):
    record = entered("S-1", "990123101201")
    place = Place("990123150", "沧浪街道", county.county)
    services.redescribe(region=county.canglang, place=place, on=TODAY, actor=keeper, now=NOW, recode=True)
    grid = Region.objects.get(pk=county.grid.pk)
    assert grid.path == "/990123/990123150/990123150201/990123150201001/"
    assert grid.code == "990123150201001"
    assert queries.resolve("990123101201001").id == grid.pk
    record.refresh_from_db()
    assert record.region.code == "990123150201"
    former = Region.objects.get(pk=county.canglang.pk).former.get()
    assert (former.code, former.name, former.turn) == ("990123101", "沧浪镇", "recoded")
    assert queries.resolve("990123101", TODAY - timedelta(days=1)).id == county.canglang.pk
    assert Enterprise.records.filter(region__path__startswith="/990123/990123150/").count() == 1


def test_a_village_moves_to_another_town(county, keeper):
    place = Place("990123102202", "沙头村", county.danya)
    services.redescribe(region=county.shatou, place=place, on=TODAY, actor=keeper, now=NOW, recode=True)
    assert Region.objects.get(pk=county.grid.pk).path == "/990123/990123102/990123102202/990123102202001/"
    with pytest.raises(Refused):
        services.redescribe(
            region=county.canglang, place=Place("990123101", "沧浪镇", county.yuntai), on=TODAY, actor=keeper, now=NOW
        )  # fmt: skip
    with pytest.raises(Refused, match="990123102"):
        services.redescribe(
            region=county.canglang, place=Place("990123102", "沧浪镇", county.county), on=TODAY, actor=keeper, now=NOW
        )  # fmt: skip


def test_a_grid_is_added_and_pages_open(county, keeper, client):
    made = services.add(place=Place("990123102201001", "云台一组", county.yuntai), level="grid", actor=keeper, now=NOW)
    assert made.path == "/990123/990123102/990123102201/990123102201001/"
    sign_in(client, keeper)
    assert "沧浪镇" in client.get("/system/regions/").content.decode()
    assert "云台一组" in client.get("/system/regions/?q=ytyz").content.decode()
    page = client.get("/system/regions/990123101/")
    assert page.status_code == 200
    assert "<path" in page.content.decode()
    answer = client.get("/system/regions/990123102/merge/?into=990123101")
    assert answer.status_code == 200
    sent = {"into": "990123101", "note": "批复", "recode": "1"}
    assert client.post("/system/regions/990123102/merge/", sent).status_code == 302
    assert client.get("/system/regions/990123102/").headers["Location"].endswith("/990123101/")


def test_somebody_of_a_town_neither_sees_nor_changes_the_other(county, client):
    sign_in(client, make_user("officer", "town_officer", region=county.canglang))
    assert client.get("/system/regions/990123102/").status_code == 404
    assert client.post("/system/regions/990123101/edit/", {"name": "x"}).status_code == 403
    assert client.get("/system/regions/files/").status_code == 403
