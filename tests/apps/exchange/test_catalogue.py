"""The catalogue: every figure leads to the very records behind it, and the score is what the rulebook says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from exchange_world import site
from hypothesis import given
from hypothesis import strategies as st
from small_county import NOW, make_user, sign_in

from anlan.apps.exchange import quality, queries, rules
from anlan.apps.exchange.jobs import measure as measure_job
from anlan.apps.exchange.jobs import measure_all
from anlan.apps.exchange.models import Card, Finding, Measure
from anlan.apps.exchange.services import catalogue
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.demo.county.ids import credit_code
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.people.models import Department, Grant, Role
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.declarations import Fault, declared, register_check
from anlan.kernel.rulebook import schemas

pytestmark = pytest.mark.django_db
FULL = {
    "address": "经二路 6 号", "risk": 2, "credit_code": credit_code("91", "990123", 1), "industry": "2614",
    "park": "沧浦化工园区", "founded_on": "2010-05-01", "products": "树脂", "scale": "small", "staff": 86,
    "revenue": 3000, "assets": 5000, "standardisation": "level-3", "standardised_until": "2028-05-01",
    "safety_staff": 3, "safety_engineers": 1, "insurer": "岚江保险", "insurance_number": "AZX1",
    "insured_until": "2027-05-01", "insured_staff": 86, "insured_person": 80, "legal_person": "温砚秋",
    "legal_phone": "19000004811", "keeper": "窦长微", "keeper_phone": "19000004855",
}  # fmt: skip


@pytest.fixture
def flawed(world):
    """One site without fault, and one of each kind of fault; a fault that no form lets in was there before the form."""
    made = {
        "good": site(world, "一号企业", **FULL),
        "empty": site(
            world, "二号企业", **{**FULL, "credit_code": credit_code("91", "990123", 2), "address": "", "keeper": ""}
        ),
        "unplaced": site(
            world, "三号企业", **{**FULL, "credit_code": credit_code("91", "990123", 3)}, lon=None, lat=None
        ),
        "outside": site(
            world, "四号企业", **{**FULL, "credit_code": credit_code("91", "990123", 4)}, lon=104.9, lat=31.9
        ),
        "double": site(world, "一号企业", **{**FULL, "credit_code": credit_code("91", "990123", 5)}),
        "invalid": site(world, "六号企业", **{**FULL, "credit_code": credit_code("91", "990123", 6)}),
        "missing": site(world, "七号企业", **{**FULL, "credit_code": credit_code("91", "990123", 7)}),
    }
    Enterprise.records.filter(pk=made["invalid"].pk).update(kind="spaceship")
    Enterprise.records.filter(pk=made["missing"].pk).update(kind="")
    return made


def test_every_finding_names_exactly_its_records(world, flawed):
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)

    def found(kind, field=""):
        return set(queries.finding(ENTERPRISES, kind, field))

    assert found("empty", "address") == {flawed["empty"].pk}
    assert found("empty", "keeper") == {flawed["empty"].pk}
    assert found("empty") == {flawed["empty"].pk, flawed["missing"].pk}
    assert found("unplaced") == {flawed["unplaced"].pk}
    assert found("outside") == {flawed["outside"].pk}
    assert found("double") == {flawed["good"].pk, flawed["double"].pk}
    assert found("invalid", "kind") == {flawed["invalid"].pk}
    assert found("missing", "kind") == {flawed["missing"].pk}


def test_the_score_is_the_weighted_mean_of_its_parts(world, flawed):
    score = catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    fields = len(quality.counted_fields(ENTERPRISES))
    parts = {
        "complete": 1 - 3 / (7 * fields), "required": 6 / 7, "valid": 6 / 7, "located": 6 / 7, "inside": 6 / 7,
        "unique": 5 / 7,
    }  # fmt: skip
    weights = {"complete": 35, "required": 20, "valid": 15, "located": 10, "inside": 10, "unique": 10}
    assert score == pytest.approx(sum(weights[part] * share for part, share in parts.items()))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6)
)
def test_the_score_of_several_towns_is_theirs_weighted_by_records(towns):
    weights = {part: float(at + 1) for at, part in enumerate(rules.PARTS)}
    measures = []
    for records, *shares in towns:
        counts = {
            "empty": {"address": int(records * shares[0]), "keeper": int(records * shares[1])},
            "missing": int(records * shares[1]), "invalid": int(records * shares[2]),
            "double": int(records * shares[0]),
        }  # fmt: skip
        score = quality.score(quality.shares(ENTERPRISES, records, counts), weights)
        measures.append(Measure(records=records, counts=counts, score=score))
    records, score, counts = queries.together(measures)
    assert score == pytest.approx(quality.score(quality.shares(ENTERPRISES, records, counts), weights))


def test_a_register_without_records_has_no_score_and_was_never_filled(world):
    assert catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW) is None
    (row,) = queries.rows(world.keeper, NOW, [ENTERPRISES])
    assert (row.score, row.freshness.verdict, row.records) == (None, "never", 0)


def test_the_checks_of_a_register_count_against_it(world, monkeypatch):
    register_check("test.short", lambda values, _record: [Fault("name", "short", "太短", blocks=False)])
    one = site(world, "一", **FULL)
    kept = ENTERPRISES.checks
    object.__setattr__(ENTERPRISES, "checks", ("test.short",))
    try:
        catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    finally:
        object.__setattr__(ENTERPRISES, "checks", kept)
    assert queries.finding(ENTERPRISES, "invalid", "name") == [one.pk]


def test_a_measurement_of_the_same_day_replaces_the_one_before_and_scores_are_kept_by_day(world, flawed):
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    registers.change(
        ENTERPRISES,
        Enterprise.records.get(pk=flawed["empty"].pk),
        {"address": "补全", "keeper": "甲"},
        actor=world.hand,
        now=NOW,
    )
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW + timedelta(hours=1))
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW + timedelta(days=1))
    assert Measure.objects.values("day").distinct().count() == 2
    assert queries.finding(ENTERPRISES, "empty", "address") == []
    assert Finding.objects.filter(kind="double").count() == 1
    curve = queries.score_curve(ENTERPRISES, world.keeper, NOW + timedelta(days=1))
    assert [day for day, _score in curve] == [timezone.localdate(NOW + timedelta(days=n)) for n in (0, 1)]
    assert catalogue.forget_measures(now=NOW + timedelta(days=401)) == 1
    assert Measure.objects.values("day").distinct().count() == 1


def test_figures_are_those_of_the_towns_that_one_reaches(world):
    site(world, "沧浪的", **FULL)
    site(world, "丹崖的", region="990123102", lon=104.7, lat=31.7)
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    town = make_user("town", "record_keeper", region=world.danya)
    (mine,) = queries.rows(town, NOW, [ENTERPRISES])
    (whole,) = queries.rows(world.keeper, NOW, [ENTERPRISES])
    assert (mine.records, mine.measured) == (1, 1)
    assert (whole.records, whole.measured) == (2, 2)
    assert mine.score < whole.score
    assert [measure.town.code for measure in queries.by_town(ENTERPRISES, town, mine.card)] == ["990123102"]


def test_fresh_until_the_promise_runs_out_and_again_once_confirmed(world):
    site(world)
    days = rules.fresh_days(NOW)("enterprise")

    def verdict(now):
        return queries.rows(world.keeper, now, [ENTERPRISES])[0].freshness.verdict

    assert verdict(NOW + timedelta(days=days)) == "fresh"
    assert verdict(NOW + timedelta(days=days, seconds=1)) == "stale"
    owner = Department.objects.create(code="yjj", name="县应急局", region=world.county)
    catalogue.describe(ENTERPRISES, owner=owner, note="底册", promise_days=30, actor=world.keeper, now=NOW)
    assert verdict(NOW + timedelta(days=31)) == "stale"
    catalogue.confirm(ENTERPRISES, actor=world.keeper, now=NOW + timedelta(days=32))
    assert verdict(NOW + timedelta(days=60)) == "fresh"
    assert verdict(NOW + timedelta(days=63)) == "stale"
    assert [entry.verb for entry in Entry.objects.filter(ref="register:enterprise").order_by("id")] == [
        "catalogue.describe", "catalogue.confirm",
    ]  # fmt: skip


def test_changes_are_counted_by_day_an_import_with_all_its_records(world):
    site(world)
    batch = registers.start_batch(ENTERPRISES, title="普查", actor=world.hand, now=NOW)
    new = [{"name": f"企业{n}", "kind": "mine", "region": world.shatou} for n in range(7)]
    registers.stage(batch, new=new, actor=world.hand, now=NOW)
    registers.publish(batch, actor=world.hand, now=NOW + timedelta(days=2))
    registers.change(
        ENTERPRISES, Enterprise.records.first(), {"risk": 1}, actor=world.hand, now=NOW - timedelta(days=40)
    )
    counted = queries.activity(ENTERPRISES, NOW + timedelta(days=3))
    assert (len(counted), counted[-4:]) == (30, [1, 0, 7, 0])
    assert sum(counted) == 8


def test_only_who_keeps_the_whole_bureau_s_catalogue_changes_it(world):
    town = make_user("town", "record_keeper", region=world.danya)
    for actor in (town, world.leader):
        for act in (
            lambda actor=actor: catalogue.measure(ENTERPRISES, actor=actor, now=NOW),
            lambda actor=actor: catalogue.confirm(ENTERPRISES, actor=actor, now=NOW),
            lambda actor=actor: catalogue.describe(
                ENTERPRISES, owner=None, note="", promise_days=None, actor=actor, now=NOW
            ),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert not Card.objects.exists()


def test_each_register_is_measured_by_a_job_of_its_own(world):
    site(world)
    measure_all(now=NOW)
    asked = [job.args["register"] for job in Job.objects.filter(name="exchange.measure")]
    assert sorted(asked) == sorted(register.code for register in declared())
    measure_job(now=NOW, register="enterprise")
    measure_job(now=NOW, register="a register that an upgrade took away")
    assert Card.objects.get().measured_at == NOW


@pytest.mark.parametrize(
    "body",
    [
        {}, {"weights": {}}, {"weights": dict.fromkeys(rules.PARTS, 0)},
        {"weights": {**dict.fromkeys(rules.PARTS, 1), "x": 1}}, {"days": 0}, {"days": "30"},
        {"registers": {"enterprise": -1}},
        {"registers": []}, {"back_off_s": []}, {"back_off_s": [5, 0]}, {"keep_days": 1.5}, {"told_after_s": -1},
    ],
)  # fmt: skip
def test_an_entry_of_the_rulebook_that_cannot_be_meant_is_refused(body):
    assert schemas.faults_of(rules.KIND, body)


def test_shipped_entries_are_good_and_read_as_words(db):
    for code in (rules.QUALITY, rules.FRESH, rules.DELIVERY, rules.KEEPING):
        entry = rules.rule(code, NOW)
        assert schemas.faults_of(rules.KIND, entry.body) == []
        assert all(line.label and line.value for line in rules.lines(entry.body))


# --- pages ------------------------------------------------------------------------------------------------------------
def test_the_table_to_download_holds_what_the_page_shows_and_no_formula(world, flawed, client):
    catalogue.describe(ENTERPRISES, owner=None, note="=1+1", promise_days=None, actor=world.keeper, now=NOW)
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    sign_in(client, world.keeper)
    text = client.get("/exchange/?as=csv").content.decode("utf-8-sig")
    head, line = text.splitlines()[:2]
    assert "质量评分" in head or "Quality score" in head
    assert line.startswith("enterprise,")
    assert ",'=1+1," in line


def test_a_figure_opens_its_rows_with_what_is_wrong_in_words(world, flawed, client):
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    sign_in(client, world.keeper)
    page = client.get("/exchange/registers/enterprise/")
    assert b"kind=outside" in page.content
    for kind, name in (
        ("outside", "四号企业"),
        ("unplaced", "三号企业"),
        ("invalid", "六号企业"),
        ("missing", "七号企业"),
    ):
        content = client.get("/exchange/registers/enterprise/rows/", {"kind": kind}).content.decode()
        assert name in content
        assert "二号企业" not in content
    content = client.get(
        "/exchange/registers/enterprise/rows/?kind=empty&field=address&town=990123101"
    ).content.decode()
    assert "二号企业" in content
    assert "二号企业" not in client.get(
        "/exchange/registers/enterprise/rows/?kind=empty&field=address&town=990123102"
    ).content.decode()  # fmt: skip
    registers.change(ENTERPRISES, Enterprise.records.get(name="二号企业"), {"address": "补"}, actor=world.hand, now=NOW)
    assert client.get("/exchange/registers/enterprise/rows/?kind=empty&field=address").status_code == 200


@pytest.mark.parametrize("query", ["kind=x", "kind=empty&field=password", "", "kind=double&page=9999999999999"])
def test_an_address_that_cannot_be_meant_finds_nothing_and_breaks_nothing(world, client, query):
    sign_in(client, world.keeper)
    assert client.get(f"/exchange/registers/enterprise/rows/?{query}").status_code in (200, 404)
    assert client.get("/exchange/registers/nothing/").status_code == 404


def test_the_rows_of_a_register_need_its_own_right(world, flawed, client):
    catalogue.measure(ENTERPRISES, actor=world.keeper, now=NOW)
    officer = make_user("viewer", region=world.county)
    role = Role.objects.create(code="catalogue_only", name="目录", verbs=["catalogue.see"])
    Grant.objects.create(user=officer, role=role, region=world.county)
    sign_in(client, officer)
    page = client.get("/exchange/registers/enterprise/")
    assert page.status_code == 200
    assert b"kind=outside" not in page.content
    answer = client.get("/exchange/registers/enterprise/rows/?kind=outside")
    assert answer.status_code == 403
    assert "四号企业" not in answer.content.decode()


def test_the_page_of_a_register_is_kept_confirmed_and_measured_by_its_buttons(world, client):
    site(world)
    sign_in(client, world.keeper)
    owner = Department.objects.create(code="yjj", name="县应急局", region=world.county)
    base = "/exchange/registers/enterprise/"
    assert client.post(base + "describe/", {"owner": owner.pk, "note": "底册", "promise_days": "45"}).status_code == 302
    assert client.post(base + "describe/", {"owner": owner.pk, "promise_days": "-1"}).status_code == 422
    assert client.post(base + "confirm/").status_code == 302
    assert client.post(base + "measure/").status_code == 302
    card = Card.objects.get()
    assert (card.owner, card.promise_days, card.confirmed_by) == (owner, 45, world.keeper)
    assert card.measured_at is not None
    assert client.get(base + "curve.json").json()["series"]
    assert "县应急局" in client.get("/exchange/?owner=yjj").content.decode()


def test_a_large_register_is_measured_by_a_job_in_the_name_of_whoever_asked(world, client, monkeypatch):
    monkeypatch.setattr("anlan.apps.exchange.views.catalogue.WHILE_WAITING", 0)
    site(world)
    sign_in(client, world.keeper)
    client.post("/exchange/registers/enterprise/measure/")
    job = Job.objects.get(name="exchange.measure")
    assert job.args == {"register": "enterprise", "by": world.keeper.pk}
    measure_job(now=NOW, **job.args)
    assert Entry.objects.get(verb="catalogue.measure").actor_id == world.keeper.pk
