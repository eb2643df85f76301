from __future__ import annotations

import pytest
from small_county import NOW, make_user, sign_in

from anlan.apps.resources.declarations import SHELTERS
from anlan.apps.resources.models import Guest, Opening
from anlan.apps.resources.services import shelters
from anlan.apps.resources.services.refusing import Refused
from anlan.apps.resources.services.shelters import Named
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers

pytestmark = pytest.mark.django_db


@pytest.fixture
def opening(world):
    return shelters.open_shelter(world.shelter, reason="暴雨转移", actor=world.actor, now=NOW)


def people(opening):
    return Opening.records.get(pk=opening.pk).people


def test_places_follow_from_the_area_and_the_rule_of_the_day(opening):
    assert (opening.places, opening.rule.code) == (1_200, "SHELTER-FIXED-SHORT")


def test_a_shelter_opens_once_and_closes_empty(world, opening):
    with pytest.raises(Refused):
        shelters.open_shelter(world.shelter, reason="再开", actor=world.actor, now=NOW)
    shelters.admit(opening, 30, key="1", actor=world.actor, now=NOW)
    with pytest.raises(Refused, match="30"):
        shelters.close_shelter(opening, actor=world.actor, now=NOW)
    shelters.let_go(opening, 30, key="2", actor=world.actor, now=NOW)
    assert shelters.close_shelter(opening, note="水退", actor=world.actor, now=NOW).closed_at == NOW
    with pytest.raises(Refused):
        shelters.admit(opening, 1, key="3", actor=world.actor, now=NOW)
    shelters.open_shelter(world.shelter, reason="又雨", actor=world.actor, now=NOW)


def test_people_come_and_go_by_count_and_by_name(world, opening):
    named = [Named("顾小舟", "990123201001011234", "19000001111", "child"), Named("沈阿婆", need="elderly")]
    shelters.admit(opening, 10, named=named, origin="沙头村", key="1", actor=world.actor, now=NOW)
    again = shelters.admit(opening, 10, named=named, key="1", actor=world.actor, now=NOW)
    assert (again.inside, people(opening)) == (10, 10)
    first, second = Guest.objects.order_by("id")
    with pytest.raises(Refused):  # one of nine who leave must be one with a name
        shelters.let_go(opening, 9, key="2", actor=world.actor, now=NOW)
    shelters.let_go(opening, 9, guests=[first.pk], key="2", actor=world.actor, now=NOW)
    assert people(opening) == 1
    with pytest.raises(Refused):
        shelters.let_go(opening, 1, guests=[first.pk], key="3", actor=world.actor, now=NOW)
    shelters.let_go(opening, 1, guests=[second.pk], key="3", actor=world.actor, now=NOW)
    assert (people(opening), Opening.records.get().peak) == (0, 10)


def test_fewer_people_than_names_and_more_than_are_in_are_refused(world, opening):
    with pytest.raises(Refused):
        shelters.admit(opening, 1, named=[Named("甲"), Named("乙")], key="1", actor=world.actor, now=NOW)
    with pytest.raises(Refused):
        shelters.let_go(opening, 1, key="2", actor=world.actor, now=NOW)
    for count in (0, -3, 10**7):
        with pytest.raises(Refused):
            shelters.admit(opening, count, key=str(count), actor=world.actor, now=NOW)


def test_an_open_shelter_is_not_taken_out_of_use(world, opening):
    with pytest.raises(registers.Refused):
        registers.remove(SHELTERS, world.shelter, reason="拆除", actor=world.actor, now=NOW)


def test_a_town_officer_opens_only_at_home(world):
    officer = make_user("officer", "town_officer", region=world.county.danya)
    with pytest.raises(NotAllowed):
        shelters.open_shelter(world.shelter, reason="雨", actor=officer, now=NOW)


def test_S6_names_are_sealed_masked_and_shown_with_a_trace(world, keeper, client, opening):
    named = [Named("顾小舟", "990123201001011234", "19000001111")]
    shelters.admit(opening, 1, named=named, key="1", actor=world.actor, now=NOW)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select name, identity, phone from resources_guest")
        kept = str(cursor.fetchone()) + str(list(Entry.objects.values("before", "after")))
    assert not any(word in kept for word in ("顾小舟", "990123201001011234", "19000001111"))
    sign_in(client, keeper)
    page = client.get(f"/resources/openings/{opening.pk}/").content.decode()
    assert "顾**" in page
    assert "顾小舟" not in page
    guest = Guest.objects.get()
    shown = client.post(f"/resources/openings/{opening.pk}/guests/{guest.pk}/unmask/").content.decode()
    assert "顾小舟" in shown
    assert Entry.objects.filter(verb="personal.unmask").count() == 1


def test_too_many_people_are_let_in_and_it_is_said(world, keeper, client, opening):
    sign_in(client, keeper)
    sent = client.post(f"/resources/openings/{opening.pk}/in/", {"count": "1300", "key": "x"}, follow=True)
    page = sent.content.decode()
    assert people(opening) == 1_300
    assert "100" in page
    assert 'class="note warning"' in page
    over = client.get("/resources/shelters/").content.decode()
    assert "tag dark" in over
