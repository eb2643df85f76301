from __future__ import annotations

import json

import pytest
from small_county import NOW, make_user, sign_in

from anlan.kernel.indicators.declarations import indicators
from anlan.kernel.indicators.models import Figure, Target
from anlan.kernel.people import tokens
from anlan.kernel.people.services import system_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(client, keeper):
    return sign_in(client, keeper)


@pytest.fixture
def measured(county, enter, measure):
    enter(2025, deaths={county.canglang: 3, county.danya: 1}, gdp={county.canglang: 30, county.danya: 70})
    enter(2024, deaths={county.canglang: 5, county.danya: 1})
    measure()
    return county


def test_every_page_opens_before_the_first_measuring(signed, county):
    for page in ("", "?year=2024&state=unknown", "enter/", "of/WS03/", "of/WS12-O/", "?q=none", "?as=csv"):
        assert signed.get(f"/indicators/{page}").status_code == 200, page


def test_every_indicator_opens_once_measured(signed, measured):
    for one in indicators():
        answer = signed.get(f"/indicators/of/{one.code}/?year=2025")
        assert answer.status_code == 200, one.code


def test_the_list_counts_by_state_and_narrows_by_document_and_words(signed, measured):
    page = signed.get("/indicators/?year=2025")
    assert page.context["measured"] > 0
    assert page.context["total"] == len(indicators())
    some = signed.get("/indicators/", {"year": 2025, "source": page.context["sources"][0]})
    assert 0 < some.context["n"] < page.context["n"]
    assert signed.get("/indicators/?year=2025&state=measured").context["n"] == page.context["measured"]
    assert signed.get("/indicators/?year=2025&q=WS03").context["n"] == 1


def test_places_are_ranked_the_best_first(signed, measured):
    page = signed.get("/indicators/of/WS03/?year=2025")
    ranked = [(row["rank"], row["line"].place.code, round(row["line"].value, 4)) for row in page.context["ranked"]]
    assert ranked == [(1, "990123102", round(1 / 70, 4)), (2, "990123101", 0.1)]


def test_the_list_as_a_sheet_says_why_a_number_is_missing(signed, measured):
    sheet = signed.get("/indicators/?year=2025&as=csv").content.decode()
    assert "WS03" in sheet
    assert "尚" in sheet or "Cannot be measured yet" in sheet


def test_figures_are_entered_by_the_grid_and_a_bad_cell_stays_as_it_was_typed(signed, county):
    form = {"year": "2025", "in": "990123", "by": "", "source": "统计公报"}
    giver = signed.get("/indicators/enter/?input=deaths&year=2025").context["asked"].giver
    sent = {**form, "by": giver, "deaths:990123101": "３", "accidents:990123101": "1,200"}
    bad = signed.post("/indicators/enter/", {**sent, "deaths:990123102": "three"})
    assert bad.status_code == 422
    assert "three" in bad.content.decode()
    assert not Figure.records.exists()
    assert signed.post("/indicators/enter/", sent).status_code == 302
    assert {(row.input, row.value, row.source) for row in Figure.records.all()} == {
        ("deaths", 3, "统计公报"), ("accidents", 1200, "统计公报")
    }  # fmt: skip
    assert signed.get("/indicators/enter/?input=deaths&year=2025&as=csv").status_code == 200


def test_a_target_is_set_by_the_form_refused_with_its_fault_and_ended(signed, measured):
    form = {"region": "990123", "year": "2025", "comparator": "le", "value": "0.05", "standard": "年度计划"}
    assert signed.post("/indicators/of/WS03/target/", {**form, "value": "little"}).status_code == 422
    assert signed.post("/indicators/of/WS03/target/", form).status_code == 302
    target = Target.records.get()
    assert (target.value, target.standard) == (0.05, "年度计划")
    assert signed.post(f"/indicators/targets/{target.pk}/end/").status_code == 302
    assert Target.records.get().ended_at is not None


def test_measuring_on_demand_measures_that_one(signed, measured, enter):
    enter(2025, deaths={measured.danya: 2})
    answer = signed.post("/indicators/of/WS03/measure/", {"region": "990123", "year": "2025"}, follow=True)
    assert answer.status_code == 200
    assert answer.context["line"].value == pytest.approx(0.05)


def test_a_town_sees_itself_and_a_stranger_nothing(client, measured):
    officer = make_user("town", "town_officer", region=measured.canglang)
    town = sign_in(client, officer)
    assert town.get("/indicators/").context["node"].code == "990123101"
    for path in ("?region=990123", "?region=990123102", "of/WS03/?region=990123102", "?region=1", "of/NONE/"):
        assert town.get(f"/indicators/{path}").status_code == 404, path
    stranger = sign_in(client, make_user("stranger"))
    for path in ("", "of/WS03/", "enter/", "rows/alarms/"):
        assert stranger.get(f"/indicators/{path}").status_code == 403, path


def test_programs_read_values_and_enter_figures_within_their_reach(client, measured, keeper):
    from django.utils import timezone

    _token, key = tokens.give(
        owner=keeper, name="月报", verbs=["indicator.view", "indicator.enter"], region=None, days=30, now=timezone.now()
    )
    head = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert client.get("/api/v1/indicators/").status_code == 401
    defined = client.get("/api/v1/indicators/", **head).json()
    assert {one["code"] for one in defined["indicators"]} == {one.code for one in indicators()}
    found = client.get("/api/v1/indicators/values?code=WS03&year=2025&inside=1", **head).json()["values"]
    assert {one["region"]: one["value"] for one in found} == {"990123101": 0.1, "990123102": 1 / 70}
    missing = client.get("/api/v1/indicators/values?code=WS24&year=2025", **head).json()["values"][0]
    assert (missing["value"], missing["state"]) == (None, "empty")
    assert client.get("/api/v1/indicators/values?year=1990", **head).status_code == 422
    assert client.get("/api/v1/indicators/values?region=7", **head).status_code == 404
    sent = {"year": 2025, "source": "统计局", "figures": [{"input": "gdp", "region": "990123101", "value": 50}]}

    def post(body):
        return client.post("/api/v1/indicators/figures", json.dumps(body), content_type="application/json", **head)

    assert post(sent).json() == {"changed": 1, "inputs": ["gdp"]}
    assert post({**sent, "figures": [{"input": "gdp", "region": "1", "value": 5}]}).status_code == 422
    assert post({**sent, "figures": [{"input": "none", "region": "990123", "value": 5}]}).status_code == 422
    assert post({"year": 2025}).status_code == 422
    assert Figure.records.get(input="gdp", year=2025, region=measured.canglang).value == 50
    assert system_user("tests").pk and NOW
