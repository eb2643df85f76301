"""From an acknowledged alarm to a closed case: the handling order and what it does to its alarms."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from PIL import Image
from sensing_world import NOW, Transition, entry_of, ms, person, seconds

from anlan.apps.monitoring.declarations import ALARM_HANDLE
from anlan.kernel.cases import registry, services
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import timeline
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.evidence import services as evidence
from anlan.kernel.people.models import Department, User
from anlan.kernel.sensing import alarms
from anlan.kernel.sensing.models import Alarm, AlarmState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def vault(settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path / "evidence"


@pytest.fixture
def town_officer(town, unit) -> User:
    user = person("town", "祝长庚", town, ["case.see", "case.work", "alarm.see", "chain.see"])
    user.department = unit
    user.save()
    return user


@pytest.fixture
def case(raised, officer, unit) -> Case:
    return alarms.open_case_for(raised(), unit=unit, actor=officer, now=NOW + seconds(60), note="核实泄漏点并关阀")


def photo(case: Case, actor: User, now: datetime, grey: int = 90) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (grey, grey, grey)).save(picture, "JPEG")
    picture.seek(0)
    facts = {"name": "after.jpg", "ref": f"case:{case.pk}", "role": "photo_after", "region": case.region}
    evidence.keep(file=picture, actor=actor, now=now, **facts)


def handled(case: Case, town_officer: User) -> Case:
    services.act(case, "accept", actor=town_officer, now=NOW + timedelta(minutes=5))
    photo(case, town_officer, NOW + timedelta(minutes=30))
    return services.act(case, "submit", actor=town_officer, now=NOW + timedelta(minutes=31), note="已关阀")


def test_the_workflow_is_known_under_the_name_that_alarms_ask_for():
    assert registry.get("alarm.handle") is ALARM_HANDLE
    registry.check()


def test_the_case_runs_by_the_clock_of_the_alarms_level(case):
    (clock,) = clocks_of(f"case:{case.pk}")
    assert clock.code == "alarm.handle.3"
    assert case.due == clock.due


def test_a_town_cannot_submit_without_a_photo(case, town_officer):
    services.act(case, "accept", actor=town_officer, now=NOW + timedelta(minutes=5))
    with pytest.raises(services.ProofMissing) as caught:
        services.act(case, "submit", actor=town_officer, now=NOW + timedelta(minutes=6))
    assert caught.value.roles == ("photo_after",)


def test_a_case_is_accepted_proved_checked_and_closed_with_its_cleared_alarm_and_chain(
    case, town_officer, officer, raised, point, version
):
    raised(Transition(version.pk, point.pk, ms(NOW + timedelta(minutes=20)), on=False), now=NOW + timedelta(minutes=20))
    handled(case, town_officer)
    done = services.act(case, "close", actor=officer, now=NOW + timedelta(minutes=40), note="现场复测合格")
    assert done.closed_at is not None
    alarm = Alarm.records.get()
    assert alarm.state == AlarmState.CLOSED
    done.chain.refresh_from_db()
    assert done.chain.closed_at is not None
    told = timeline.of(done.chain, officer)
    assert told[0].at < NOW  # the first reading over the limit
    assert any(step.proofs and "evidence" in step.proofs[0].url for step in told if step.proofs)


def test_an_alarm_that_is_still_on_stays_open_after_its_case_and_keeps_the_chain(
    case, town_officer, officer, raised, point, version
):
    handled(case, town_officer)
    done = services.act(case, "close", actor=officer, now=NOW + timedelta(minutes=40), note="移交企业长期整改")
    alarm = Alarm.records.get()
    assert alarm.state == AlarmState.ACKNOWLEDGED
    done.chain.refresh_from_db()
    assert done.chain.closed_at is None
    later = NOW + timedelta(minutes=50)
    raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    done.chain.refresh_from_db()
    assert done.chain.closed_at == later


def test_what_is_sent_back_is_submitted_again_with_a_new_photo(case, town_officer, officer):
    handled(case, town_officer)
    with pytest.raises(services.NoteMissing):
        services.act(case, "send_back", actor=officer, now=NOW + timedelta(minutes=33))
    services.act(case, "send_back", actor=officer, now=NOW + timedelta(minutes=33), note="照片不清")
    with pytest.raises(services.ProofMissing):
        services.act(case, "submit", actor=town_officer, now=NOW + timedelta(minutes=49))
    photo(case, town_officer, NOW + timedelta(minutes=49), grey=140)
    again = services.act(case, "submit", actor=town_officer, now=NOW + timedelta(minutes=50))
    assert again.state == "submitted"


def test_the_one_who_did_the_work_does_not_check_it(case, town_officer):
    handled(case, town_officer)
    with pytest.raises(services.NotAllowed):
        services.act(case, "close", actor=town_officer, now=NOW + timedelta(minutes=40), note="自查合格")


def test_a_withdrawn_case_frees_its_alarm_for_another(case, officer, unit):
    services.act(case, "withdraw", actor=officer, now=NOW + timedelta(minutes=2), note="派错单位")
    alarm = Alarm.records.get()
    assert alarm.case is None
    again = alarms.open_case_for(alarm, unit=unit, actor=officer, now=NOW + timedelta(minutes=3))
    assert again.pk != case.pk
    assert again.chain_id == case.chain_id


def test_a_unit_of_another_town_cannot_be_given_the_case(raised, officer, other_town):
    elsewhere = Department.objects.create(code="dy-yjb", name="丹崖镇应急办", region=other_town)
    with pytest.raises(alarms.NotNow, match="丹崖镇应急办"):
        alarms.open_case_for(raised(), unit=elsewhere, actor=officer, now=NOW)
    alarm = Alarm.records.get()
    assert (alarm.case, alarm.chain, alarm.state) == (None, None, AlarmState.UNACKNOWLEDGED)


def test_a_level_without_a_handling_clock_opens_the_case_without_one(raised, officer, unit, monkeypatch):
    from anlan.apps.monitoring import services as monitoring

    def nothing(*args, **kwargs):
        raise monitoring.rulebook.NoRule("clock", "alarm.handle.3", NOW)

    monkeypatch.setattr(monitoring.rulebook, "lookup", nothing)
    case = alarms.open_case_for(raised(), unit=unit, actor=officer, now=NOW)
    assert case.due is None


def test_the_entry_of_the_rule_stays_with_the_alarm_when_the_rulebook_moves_on(case, entry):
    entry.valid_to = NOW
    entry.save()
    entry_of("TEST-01", version=2, valid_from=NOW)
    assert Alarm.records.get().entry.version == 1
