"""Who answers where: the chain, A and B, who stands in, gaps, tables of pairs, masked phones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from small_county import NOW, make_user, sign_in

from anlan.kernel.audit.models import Entry
from anlan.kernel.duties import absences, lists, pairs_table, posts
from anlan.kernel.duties.errors import Refused
from anlan.kernel.people.models import Post, User
from anlan.kernel.people.queries import holder
from anlan.kernel.people.rights import NotAllowed

TODAY = timezone.localdate(NOW)


@pytest.fixture
def pair(county, office, planner):
    """A and B of the village of Shatou."""
    made = {}
    for slot, name, phone in (("A", "顾长微", "19000000001"), ("B", "沈知远", "19000000002")):
        made[slot] = posts.enter_person(name=name, phone=phone, region=county.shatou, actor=planner, now=NOW)
        posts.name_holder(
            region=county.shatou, duty="information_officer", slot=slot, holder=made[slot], actor=planner, now=NOW
        )  # fmt: skip
    return made


def test_the_chain_runs_from_the_village_up_to_the_county(county, pair, planner):
    rungs = posts.chain(county.shatou, planner, NOW)
    assert [rung.region.name for rung in rungs] == ["沙头村", "沧浪镇", "安澜县"]
    seats = next(one for one in rungs[0].pairs if one.duty == "information_officer").seats
    assert [(seat.slot, seat.holder.name, seat.stands_in) for seat in seats] == [
        ("A", "顾长微", False),
        ("B", "沈知远", False),
    ]
    town = next(one for one in rungs[1].pairs if one.duty == "information_officer")
    assert [seat.holder for seat in town.seats] == [None, None], "what a rule asks for is shown though nobody is named"
    assert [entry.code for entry in rungs[1].laws if entry.code == "RESP-SAFETY-TOWN"]


def test_B_speaks_while_A_is_away(county, pair, planner):
    absences.go_away(
        person=pair["A"], first=TODAY, last=TODAY + timedelta(days=2), why="leave", note="", actor=planner, now=NOW
    )  # fmt: skip
    pairs = posts.chain(county.shatou, planner, NOW)[0].pairs
    seats = next(one for one in pairs if one.duty == "information_officer").seats
    assert [(seat.away, seat.stands_in) for seat in seats] == [(True, False), (False, True)]
    assert holder("information_officer", county.grid, at=NOW)[0] == pair["B"], "notices reach B first"
    later = NOW + timedelta(days=3)
    assert holder("information_officer", county.grid, at=later)[0] == pair["A"]
    assert Entry.objects.filter(verb="duty.away").count() == 1


def test_an_absence_is_ones_own_or_needs_the_right(county, pair, planner):
    officer = make_user("officer", "town_officer", region=county.canglang)
    days = {"first": TODAY, "last": TODAY, "why": "leave", "note": "", "now": NOW}
    with pytest.raises(NotAllowed):
        absences.go_away(person=pair["A"], actor=officer, **days)
    row, hit = absences.go_away(person=officer, actor=officer, **days)
    assert not hit
    with pytest.raises(Refused):
        absences.go_away(person=officer, actor=officer, **days)
    absences.come_back(row, actor=officer, now=NOW)
    absences.go_away(person=officer, actor=officer, **days)


def test_gaps_name_every_place_that_lacks_somebody(county, pair, planner):
    posts.name_holder(
        region=county.shatou, duty="information_officer", slot="B", holder=None, actor=planner, now=NOW
    )  # fmt: skip
    found = {(gap.pair.region.code, gap.pair.duty): gap.lacks for gap in posts.gaps(planner, NOW)}
    assert found["990123101201", "information_officer"] == ("B",)
    assert found["990123102201", "information_officer"] == ("A", "B")
    assert found["990123102201", "grid_worker"] == ("A",)
    town = make_user("town", "record_keeper", region=county.danya)
    assert {gap.pair.region.code for gap in posts.gaps(town, NOW)} == {"990123102", "990123102201"}


def test_one_person_is_not_both(county, pair, planner):
    with pytest.raises(Refused):
        posts.name_holder(
            region=county.shatou, duty="information_officer", slot="B", holder=pair["A"], actor=planner, now=NOW
        )  # fmt: skip
    stranger = make_user("stranger", "record_keeper", region=county.danya)
    with pytest.raises(NotAllowed):
        posts.name_holder(
            region=county.shatou, duty="information_officer", slot="B", holder=None, actor=stranger, now=NOW
        )  # fmt: skip


TABLE = """区划代码,岗位,A角,A角电话,B角,B角电话
990123101201,灾害信息员,祝观禾,19000000011,闻景川,19000000012
990123102201,灾害信息员,程砚白,19000000013,,
"""


def test_pairs_from_a_table_all_or_none(county, office, planner):
    lines, wrong = pairs_table.read(TABLE.encode(), "t.csv", actor=planner, now=NOW)
    assert not wrong
    assert pairs_table.enter(lines, actor=planner, now=NOW) == 3
    people = User.objects.filter(is_system=False).count()
    lines, _wrong = pairs_table.read(TABLE.encode(), "t.csv", actor=planner, now=NOW)
    assert pairs_table.enter(lines, actor=planner, now=NOW) == 0, "the same table again changes nothing"
    assert User.objects.filter(is_system=False).count() == people
    bad = TABLE + "990123999,灾害信息员,某某,,,\n990123101201,灾害信息员,某某,,,\n990123101201,村医,某某,,,\n"
    _lines, wrong = pairs_table.read(bad.encode(), "t.csv", actor=planner, now=NOW)
    assert len(wrong) == 3
    assert any("990123999" in line for line in wrong)


def test_lines_of_the_bureaus_own_stand_beside_those_by_law(county, office, planner):
    row = lists.add_line(
        region=county.canglang, department=office, post="", words="汛期每日巡查隐患点", standard="", clause="",
        since=TODAY, actor=planner, now=NOW,
    )  # fmt: skip
    found = lists.lines(planner, NOW, region=county.county)
    assert any(line.own == row for line in found)
    assert any(line.entry and line.entry.code == "RESP-FLOOD" for line in found)
    assert [line.own for line in lists.lines(planner, NOW, region=county.county, typed="巡查隐患点")] == [row]
    with pytest.raises(Refused):
        lists.end_line(row, reason="", actor=planner, now=NOW)
    lists.end_line(row, reason="已并入年度计划", actor=planner, now=NOW)
    assert not any(line.own for line in lists.lines(planner, NOW + timedelta(days=1), region=county.county))


def test_phones_are_masked_and_a_look_in_clear_is_written_down(county, pair, planner, client):
    leader = make_user("leader", "leader", region=county.county)
    sign_in(client, leader)
    page = client.get("/duties/who/990123101201/").content.decode()
    assert "190****0001" in page
    assert "19000000001" not in page
    post = Post.objects.get(region=county.shatou, slot="A")
    answer = client.post(f"/duties/phone/{post.pk}/", headers={"HX-Request": "true"})
    assert "19000000001" in answer.content.decode()
    entry = Entry.objects.get(verb="personal.unmask")
    assert (entry.actor_id, entry.after) == (leader.pk, {"field": "phone"})
    sign_in(client, planner)
    assert client.post(f"/duties/phone/{post.pk}/").status_code == 403, "a record keeper may not"


def test_the_pages_and_forms(county, pair, planner, client):
    sign_in(client, planner)
    for path in ("", "?q=stc", "gaps/", "gaps/?lack=B&level=village", "list/", "list/?q=x", "absences/", "swaps/",
                 "pairs/", "pair/990123101201/information_officer/", "people.html?q=gcw"):  # fmt: skip
        assert client.get(f"/duties/{path}").status_code == 200, path
    for path in ("gaps/?format=csv", "list/?format=csv", "pairs/template.csv"):
        assert client.get(f"/duties/{path}")["Content-Type"].startswith("text/csv"), path
    form = {"A.mode": "known", "A.person": pair["B"].username, "B.mode": "known", "B.person": pair["A"].username}
    assert client.post("/duties/pair/990123101201/information_officer/", form).status_code == 302
    held = {post.slot: post.holder for post in Post.objects.filter(region=county.shatou)}
    assert held == {"A": pair["B"], "B": pair["A"]}, "A and B change places in one act"
    form = {"A.mode": "new", "A.name": "", "B.mode": "keep"}
    assert client.post("/duties/pair/990123101201/information_officer/", form).status_code == 422
    sign_in(client, make_user("officer", "town_officer", region=county.danya))
    assert client.get("/duties/who/990123101201/").status_code == 404
    assert client.get("/duties/pair/990123102201/information_officer/").status_code == 403
