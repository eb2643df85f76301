"""The list of alarms by group, and shelving over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from sensing_world import Transition, ms, points_of, seconds, sign_in

from anlan.kernel.sensing import consumer
from anlan.kernel.sensing.models import Alarm, AlarmState, RuleVersion, Shelving, ShelvingState

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(entry, clocks, device, town, hands):
    """Five alarms of one site, the first two minutes ago."""
    points = points_of(device, town, hands, 5)
    version = RuleVersion.objects.get(lane="live")
    start = timezone.now() - timedelta(minutes=2)
    found = [Transition(version.pk, p.pk, ms(start + seconds(i))) for i, p in enumerate(points)]
    consumer.take(found, timezone.now())
    return list(Alarm.records.order_by("raised_at"))


def test_a_group_is_one_line_with_its_count_and_every_alarm_is_in_it(client, officer, group):
    html = sign_in(client, officer).get("/sensing/alarms/").content.decode()
    assert html.count('<tbody class="grp">') == 1
    assert html.count('class="fold"') == 1
    for alarm in group:
        assert f"/sensing/alarms/{alarm.pk}/" in html


def test_a_filter_that_hides_the_first_up_hides_nothing_else(client, officer, group):
    html = sign_in(client, officer).get("/sensing/alarms/", {"q": group[3].point.code}).content.decode()
    assert f'href="/sensing/alarms/{group[3].pk}/"' in html
    assert f'href="/sensing/alarms/{group[1].pk}/"' not in html


def test_all_of_a_group_are_answered_at_once_and_another_town_cannot(client, officer, foreigner, group):
    path = f"/sensing/alarms/{group[2].pk}/acknowledge-group/"
    assert sign_in(client, foreigner).post(path).status_code == 404
    sign_in(client, officer).post(path)
    assert set(Alarm.records.values_list("state", flat=True)) == {AlarmState.ACKNOWLEDGED}


def test_the_number_of_queries_does_not_grow_with_the_group(client, officer, group, django_assert_max_num_queries):
    sign_in(client, officer).get("/sensing/alarms/")
    for path, most in (("/sensing/alarms/", 17), (f"/sensing/alarms/{group[0].pk}/", 31)):
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200


def test_an_alarm_is_shelved_and_unshelved_from_its_page(client, officer, group):
    alarm = group[0]
    sign_in(client, officer)
    assert f"/sensing/alarms/{alarm.pk}/shelve/" in client.get(f"/sensing/alarms/{alarm.pk}/").content.decode()
    client.post(f"/sensing/alarms/{alarm.pk}/shelve/", {"hours": "4", "reason": "检修"})
    alarm.refresh_from_db()
    assert timedelta(hours=3, minutes=59) < alarm.shelved_until - timezone.now() <= timedelta(hours=4)
    html = client.get("/sensing/alarms/", {"view": "shelved"}).content.decode()
    assert html.count('<tbody class="grp">') == 1
    assert f"/sensing/alarms/{alarm.pk}/" in html
    assert f"/sensing/alarms/{alarm.pk}/" in client.get("/sensing/alarms/").content.decode()
    client.post(f"/sensing/alarms/{alarm.pk}/unshelve/")
    alarm.refresh_from_db()
    assert alarm.shelved_until is None


@pytest.mark.parametrize("sent", [{}, {"hours": "25", "reason": "x"}, {"hours": "4"}, {"hours": "-1", "reason": "x"}])
def test_w5_what_a_page_may_not_ask_is_refused_in_words(client, officer, group, sent):
    answer = sign_in(client, officer).post(
        f"/sensing/alarms/{group[0].pk}/shelve/", sent, headers={"accept": "application/json"}
    )
    assert answer.status_code == 409
    assert answer.json()["words"]
    assert not Shelving.objects.exists()


def test_w5_two_officers_shelve_a_red_alarm_over_http(client, officer, second_officer, raised, point, version):
    now = timezone.now()
    alarm = raised(Transition(version.pk, point.pk, ms(now), 1, 1), now=now)
    page = f"/sensing/alarms/{alarm.pk}/"
    sign_in(client, officer).post(f"{page}shelve/", {"hours": "1", "reason": "标定"})
    client.post(f"{page}shelving/", {"do": "confirm"})
    assert Shelving.objects.get().state == ShelvingState.ASKED
    assert 'value="confirm"' not in client.get(page).content.decode()
    sign_in(client, second_officer)
    assert 'value="confirm"' in client.get(page).content.decode()
    client.post(f"{page}shelving/", {"do": "confirm"})
    held = Shelving.objects.get()
    assert (held.state, held.asked_by, held.confirmed_by) == (ShelvingState.SHELVED, officer, second_officer)


def test_S1_nobody_shelves_what_lies_elsewhere(client, foreigner, group):
    path = f"/sensing/alarms/{group[0].pk}/shelve/"
    theirs = sign_in(client, foreigner).post(path, {"hours": "1", "reason": "x"})
    nobodys = client.post("/sensing/alarms/999999/shelve/", {"hours": "1", "reason": "x"})
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content) == (404, nobodys.content)
