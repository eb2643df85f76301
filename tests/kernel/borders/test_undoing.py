"""A merger is undone as one act, or planned for a day to come."""

from __future__ import annotations

from datetime import timedelta

import pytest
import shapely
from django.utils import timezone
from small_county import NOW, make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.audit.models import Entry
from anlan.kernel.borders import planning, services, undoing
from anlan.kernel.borders.models import Merger, MergerState
from anlan.kernel.borders.services import Place, Refused
from anlan.kernel.jobs import registry
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice
from anlan.kernel.people import services as people
from anlan.kernel.people.models import Grant, Post
from anlan.kernel.people.rights import NotAllowed, may, reach
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Former, Region
from anlan.kernel.registers import services as records
from anlan.kernel.registers.models import Revision

TODAY = timezone.localdate(NOW)
LATER = NOW + timedelta(hours=3)
DAY = timedelta(days=1)
#: What a place is, as far as an undone merger has to bring it back.
FACTS = (
    "code",
    "name",
    "pinyin",
    "path",
    "parent",
    "valid_from",
    "valid_until",
    "successor",
    "population",
    "min_lon",
    "max_lon",
)


def facts():
    return list(Region.records.order_by("pk").values(*FACTS)), {
        row.pk: shapely.from_wkb(bytes(row.boundary)).normalize() for row in Region.records.exclude(boundary=None)
    }


def entered(code, region):
    raw = {"code": code, "name": f"站{code}", "kind": "filling", "region": region}
    return records.create(ENTERPRISES, raw, actor=people.system_user("tests"), now=NOW)


def merged(county, keeper, **more):
    services.merge(
        region=county.danya, into=county.canglang, on=TODAY, actor=keeper, now=NOW, note="民函〔2026〕1号", **more
    )
    return Merger.objects.latest("pk")


@pytest.mark.parametrize("recode", [True, False])
def test_both_towns_stand_as_before_and_old_and_interim_codes_resolve(county, keeper, recode):
    before = facts()
    in_town, in_village = entered("S-1", "990123102"), entered("S-2", "990123102201")
    merger = merged(county, keeper, recode=recode)
    interim = Region.objects.get(pk=county.yuntai.pk).code
    back, stays = undoing.undo(merger, actor=keeper, now=LATER)
    assert (back["sites.enterprise"], stays) == (1, 0)
    assert facts() == before
    in_town.refresh_from_db()
    in_village.refresh_from_db()
    assert (in_town.region, in_village.region) == (county.danya, county.yuntai)
    queries.forget()
    assert queries.resolve("990123102").name == "丹崖镇"
    assert queries.resolve(interim).name == "云台村"
    assert queries.resolve("990123102201").name == "云台村"
    lines = Revision.objects.filter(register="enterprise", record=in_town.pk, act="change").order_by("pk")
    assert [line.after["region"] for line in lines] == ["990123101", "990123102"], "nothing is struck out of history"
    merger.refresh_from_db()
    assert (merger.state, merger.kept) == (MergerState.UNDONE, {})
    assert Entry.objects.get(verb="region.undo_merge").region_path == "/990123/990123101/"


def test_what_was_entered_or_moved_since_stays(county, keeper):
    moved_on, gone = entered("S-1", "990123102"), entered("S-2", "990123102")
    merger = merged(county, keeper)
    fresh = entered("S-9", "990123101")
    moved_on.refresh_from_db()
    records.change(ENTERPRISES, moved_on, {"region": "990123101201"}, actor=people.system_user("tests"), now=LATER)
    back, stays = undoing.undo(merger, actor=keeper, now=LATER)
    assert (back["sites.enterprise"], stays) == (1, 1)
    for row in (moved_on, gone, fresh):
        row.refresh_from_db()
    assert [row.region.code for row in (moved_on, gone, fresh)] == ["990123101201", "990123102", "990123101"]


def test_rights_go_back_and_one_that_was_taken_away_since_stays_away(county, keeper):
    console = people.system_user("console")
    old, both, left = (make_user(name, "town_officer", region=county.danya) for name in ("old", "both", "left"))
    end = NOW + DAY
    people.give_role(
        user=both, role="town_officer", region=county.canglang, actor=console, now=NOW, valid_to=end
    )  # fmt: skip
    merger = merged(county, keeper)
    Grant.objects.filter(user=left).delete()
    undoing.undo(merger, actor=keeper, now=LATER)
    danya = Region.objects.get(pk=county.danya.pk)
    assert reach(old, "case.work") == (danya.path,)
    assert set(Grant.objects.filter(user=both).values_list("region__code", "valid_to")) == {
        ("990123102", None), ("990123101", end),
    }  # fmt: skip
    assert not may(left, "case.work", danya)


def test_a_folded_right_that_was_taken_away_since_does_not_come_back(county, keeper):
    both = make_user("both", "town_officer", region=county.danya)
    people.give_role(
        user=both, role="town_officer", region=county.canglang, actor=people.system_user("console"), now=NOW
    )  # fmt: skip
    merger = merged(county, keeper)
    Grant.objects.filter(user=both).delete()
    assert undoing.undo(merger, actor=keeper, now=LATER)[1] == 1
    assert not Grant.objects.filter(user=both).exists()


def test_posts_go_back_into_their_slots_and_a_given_up_one_stands_again(county, keeper):
    console = people.system_user("console")
    department = people.add_department(code="d", name="办", region=county.county, actor=console, now=NOW)
    a, b, c = (make_user(name) for name in "abc")
    for region, slot, who in ((county.canglang, "A", a), (county.danya, "A", b), (county.danya, "B", c)):
        people.fill_post(
            duty="information_officer", name="灾害信息员", department=department, region=region, holder=who, slot=slot,
            actor=console, now=NOW,
        )  # fmt: skip
    undoing.undo(merged(county, keeper), actor=keeper, now=LATER)
    held = {(post.region.code, post.slot): post.holder for post in Post.objects.all()}
    assert held == {("990123101", "A"): a, ("990123102", "A"): b, ("990123102", "B"): c}


def test_a_merger_whose_places_were_changed_since_is_not_undone(county, keeper):
    merger = merged(county, keeper)
    yuntai = Region.objects.get(pk=county.yuntai.pk)
    services.redescribe(
        region=yuntai, place=Place(yuntai.code, "新云台村", yuntai.parent), on=TODAY, actor=keeper, now=LATER
    )
    standing = facts()
    with pytest.raises(Refused, match="新云台村"):
        undoing.undo(merger, actor=keeper, now=LATER)
    assert facts() == standing


def test_new_places_inside_and_a_code_given_away_stop_the_undoing(county, keeper):
    merger = merged(county, keeper)
    yuntai = Region.objects.get(pk=county.yuntai.pk)
    made = services.add(
        place=Place(f"{yuntai.code}009", "新网格", yuntai), level="grid", actor=keeper, now=LATER
    )  # fmt: skip
    with pytest.raises(Refused, match="新网格"):
        undoing.undo(merger, actor=keeper, now=LATER)
    Region.objects.filter(pk=made.pk).update(code="990123102201", path="/990123/990123102201/")
    with pytest.raises(Refused, match="新网格"):
        undoing.undo(merger, actor=keeper, now=LATER)


def test_a_merger_is_undone_once_and_only_by_who_may_change_both(county, keeper):
    merger = merged(county, keeper)
    other = make_user("other", "record_keeper", region=county.shatou)
    with pytest.raises(NotAllowed):
        undoing.undo(merger, actor=other, now=LATER)
    undoing.undo(merger, actor=keeper, now=LATER)
    with pytest.raises(Refused):
        undoing.undo(merger, actor=keeper, now=LATER)
    again = merged(county, keeper)
    undoing.undo(again, actor=keeper, now=LATER)
    assert Former.objects.filter(turn="merged").count() == 0


# --- ahead ------------------------------------------------------------------------------------------------------------
def planned(county, keeper, days=10):
    return planning.plan(
        region=county.danya, into=county.canglang, on=TODAY + days * DAY, actor=keeper, now=NOW, note="民函〔2026〕1号"
    )


def due(merger, now):
    registry.declared(planning.DUE).func(now=now, pk=merger.pk)
    merger.refresh_from_db()


def test_a_planned_merger_takes_force_on_its_day(county, keeper):
    entered("S-1", "990123102")
    merger = planned(county, keeper)
    job = Job.objects.get(name=planning.DUE)
    assert timezone.localtime(job.run_at).date() == merger.on
    assert (timezone.localtime(job.run_at).hour, job.args) == (0, {"pk": merger.pk})
    due(merger, NOW)
    assert merger.state == MergerState.PLANNED, "a job that comes too early does nothing"
    due(merger, job.run_at)
    assert (merger.state, merger.moved["sites.enterprise"]) == (MergerState.DONE, 1)
    danya = Region.records.get(pk=county.danya.pk)
    assert (danya.valid_until, danya.successor) == (merger.on, county.canglang)
    assert Notice.objects.get(to=keeper).url == "/system/regions/990123101/"
    due(merger, job.run_at + DAY)
    assert Entry.objects.filter(verb="region.merge").count() == 1, "a repeated job merges once"
    undoing.undo(merger, actor=keeper, now=job.run_at + DAY)
    assert Region.objects.filter(pk=county.danya.pk).exists()


def test_a_planned_merger_is_called_off(county, keeper):
    merger = planned(county, keeper)
    with pytest.raises(Refused):
        planned(county, keeper)
    planning.call_off(merger, actor=keeper, now=LATER)
    due(merger, NOW + 11 * DAY)
    assert merger.state == MergerState.OFF
    assert Region.objects.filter(pk=county.danya.pk).exists()
    with pytest.raises(Refused):
        planning.call_off(merger, actor=keeper, now=LATER)


def test_one_that_is_called_off_while_its_job_begins_does_not_happen(county, keeper, monkeypatch):
    merger = planned(county, keeper)
    on = timezone.localdate

    def meanwhile(now):
        Merger.objects.filter(pk=merger.pk).update(state=MergerState.OFF)
        return on(now)

    monkeypatch.setattr(planning.timezone, "localdate", meanwhile)
    due(merger, NOW + 11 * DAY)
    assert merger.state == MergerState.OFF
    assert Region.objects.filter(pk=county.danya.pk).exists()
    assert not Notice.objects.filter(to=keeper).exists(), "nobody is told of a failure"


def test_what_stops_a_planned_merger_on_its_day_is_told_and_nothing_changes(county, keeper):
    merger = planned(county, keeper)
    Grant.objects.filter(user=keeper).delete()
    before = facts()
    due(merger, NOW + 11 * DAY)
    assert merger.state == MergerState.FAILED
    assert merger.why
    assert facts() == before
    notice = Notice.objects.get(to=keeper)
    assert (notice.level, notice.body) == (2, merger.why)


def test_a_plan_needs_the_right_in_both_and_a_day_ahead(county, keeper):
    with pytest.raises(Refused):
        planned(county, keeper, days=0)
    other = make_user("other", "record_keeper", region=county.danya)
    with pytest.raises(NotAllowed):
        planned(county, other)
    with pytest.raises(Refused):
        planning.plan(region=county.yuntai, into=county.canglang, on=TODAY + DAY, actor=keeper, now=NOW)


def test_the_pages_plan_call_off_and_undo(county, keeper, client):
    sign_in(client, keeper)
    form = {"into": "990123101", "note": "x", "recode": "1"}
    ahead = (timezone.localdate() + DAY).isoformat()
    answer = client.post("/system/regions/990123102/merge/", {**form, "on": ahead})
    assert answer.status_code == 302
    merger = Merger.objects.get()
    page = client.get("/system/regions/990123101/").content.decode()
    assert f"/system/regions/mergers/{merger.pk}/off/" in page
    client.post(f"/system/regions/mergers/{merger.pk}/off/")
    client.post("/system/regions/990123102/merge/", form)
    made = Merger.objects.get(state=MergerState.DONE)
    assert f"/system/regions/mergers/{made.pk}/undo/" in client.get("/system/regions/990123101/").content.decode()
    client.post(f"/system/regions/mergers/{made.pk}/undo/")
    assert Region.objects.filter(code="990123102").exists()
    assert client.post(f"/system/regions/mergers/{made.pk}/none/").status_code == 404
    sign_in(client, make_user("far", "record_keeper", region=county.shatou))
    assert client.post(f"/system/regions/mergers/{made.pk}/undo/").status_code == 404


@pytest.mark.parametrize(("left", "stays"), [(2, False), (-1, True)])
def test_what_comes_back_of_a_folded_right_reaches_no_further_than_what_was_left(county, keeper, left, stays):
    both = make_user("both", "town_officer", region=county.danya)
    people.give_role(
        user=both, role="town_officer", region=county.canglang, actor=people.system_user("console"), now=NOW
    )  # fmt: skip
    Grant.objects.filter(user=both, region=county.danya).update(valid_from=NOW)
    merger = merged(county, keeper)
    end = NOW + left * DAY
    Grant.objects.filter(user=both).update(valid_to=end)  # somebody shortened what there was
    assert undoing.undo(merger, actor=keeper, now=LATER)[1] == int(stays)
    back = Grant.objects.filter(user=both).order_by("region__code").values_list("region__code", "valid_to")
    assert list(back) == [("990123101", end)] + ([] if stays else [("990123102", end)])
