"""Any declared register: list, filter, search, archive, masks and their log."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured
from small_county import make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.kernel.audit.models import Entry
from anlan.kernel.regions.scope import ScopeMissing
from anlan.kernel.registers.declarations import declare

pytestmark = pytest.mark.django_db


def listed(client, **params):
    return client.get("/registers/enterprise/", params).content.decode()


def test_the_list_shows_what_the_filter_names(client, keeper, sites):
    sign_in(client, keeper)
    assert "丹崖加油站" in listed(client)
    html = listed(client, kind="chemical")
    assert "澜润化工仓储有限公司" in html
    assert "丹崖加油站" not in html
    assert "沙头小学" not in listed(client, region="990123102")


@pytest.mark.parametrize("text", ["澜", "澜润", "化工仓", "lrhg", "S-1", "lanrun"])
def test_search_finds_by_one_two_three_characters_and_initials(client, keeper, sites, text):
    sign_in(client, keeper)
    html = listed(client, q=text)
    assert "澜润化工仓储有限公司" in html
    assert "丹崖加油站" not in html


def test_names_stand_in_pinyin_order(client, keeper, sites):
    sign_in(client, keeper)
    html = listed(client, sort="name")
    assert html.index("丹崖加油站") < html.index("澜润化工") < html.index("沙头小学")


def test_no_result_and_an_empty_register_say_different_things(client, keeper, county):
    sign_in(client, keeper)
    assert listed(client, q="没有这个") != listed(client)


@pytest.mark.parametrize("params", [{"risk": "x"}, {"kind": "nothing"}, {"page": "999"}, {"sort": "password"}])
def test_a_hand_made_address_breaks_nothing(client, keeper, sites, params):
    assert sign_in(client, keeper).get("/registers/enterprise/", params).status_code == 200


def test_S1_a_town_sees_its_own_and_foreign_looks_like_missing(client, county, sites):
    sign_in(client, make_user("danya", "record_keeper", region=county.danya))
    assert "澜润" not in listed(client)
    assert (
        client.get("/registers/enterprise/S-1/").status_code
        == client.get("/registers/enterprise/S-9/").status_code
        == 404
    )


def test_a_phone_is_masked_and_showing_it_is_logged(client, county, sites):
    leader = make_user("leader", "leader", region=county.county)
    sign_in(client, leader)
    page = client.get("/registers/enterprise/S-1/").content.decode()
    assert "19000004855" not in page
    assert "190****4855" in page
    assert "19000004855" in client.post("/registers/enterprise/S-1/-/unmask/keeper_phone/").content.decode()
    entry = Entry.objects.get(verb="personal.unmask")
    assert (entry.actor_id, entry.ref) == (leader.pk, f"enterprise:{sites['S-1'].pk}")


def test_a_keeper_without_the_right_is_not_shown_the_phone(client, keeper, sites):
    sign_in(client, keeper)
    assert client.post("/registers/enterprise/S-1/-/unmask/keeper_phone/").status_code == 403
    assert not Entry.objects.filter(verb="personal.unmask").exists()


def test_only_sensitive_fields_can_be_asked_for(client, county, sites):
    sign_in(client, make_user("leader", "leader", region=county.county))
    assert client.post("/registers/enterprise/S-1/-/unmask/name/").status_code == 404


def test_S2_asking_the_manager_without_saying_for_whom_is_refused(sites):
    with pytest.raises(ScopeMissing):
        Enterprise.objects.all()


def test_a_misspelt_column_stops_the_start():
    with pytest.raises(ImproperlyConfigured, match="keper"):
        declare(replace(ENTERPRISES, code="other", columns=("keper",)))


def test_a_register_is_declared_once():
    with pytest.raises(ImproperlyConfigured, match="twice"):
        declare(ENTERPRISES)


def test_the_list_asks_a_fixed_number_of_queries(client, keeper, sites, django_assert_max_num_queries):
    sign_in(client, keeper).get("/registers/enterprise/")
    with django_assert_max_num_queries(14):
        client.get("/registers/enterprise/")


def branches(client):
    page = client.get("/registers/enterprise/").content.decode()
    return dict(re.findall(r'<section data-group="([\w-]+)">.*?aria-expanded="(\w+)"', page, re.DOTALL)), page


def test_the_tree_folds_all_groups_but_the_one_that_is_looked_at(client, keeper, sites):
    sign_in(client, keeper)
    open_of, page = branches(client)
    assert open_of.pop("enterprise") == "true"
    assert set(open_of.values()) == {"false"}
    assert 'data-sounds="qiye|qy"' in page


def test_the_tree_stands_as_its_reader_left_it(client, keeper, sites):
    sign_in(client, keeper)
    other = next(key for key in branches(client)[0] if key != "enterprise")
    client.cookies["anlan_folds"] = f"c-enterprise.o-{other}.o-none"
    open_of, _page = branches(client)
    assert open_of["enterprise"] == "true", "the group that is looked at is never folded away"
    assert open_of[other] == "true"
    assert list(open_of.values()).count("true") == 2
    client.cookies["anlan_folds"] = "\"'><script>." * 500
    assert "<script>.'" not in branches(client)[1]
