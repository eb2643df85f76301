"""Groups, shelved alarms and floods at the duty desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from sensing_world import Transition, ms, points_of, seconds, sign_in

from anlan.kernel.desks import inbox, sources
from anlan.kernel.sensing import consumer, shelving
from anlan.kernel.sensing.models import Alarm, AlarmState, RuleVersion

pytestmark = pytest.mark.django_db


def rise(n, device, town, hands):
    points = points_of(device, town, hands, n)
    version = RuleVersion.objects.get(lane="live")
    start = timezone.now() - timedelta(minutes=1)
    found = [Transition(version.pk, p.pk, ms(start + seconds(i / 10))) for i, p in enumerate(points)]
    consumer.take(found, timezone.now())
    return list(Alarm.records.order_by("raised_at", "id"))


@pytest.fixture
def group(entry, clocks, device, town, hands):
    return rise(4, device, town, hands)


def test_what_followed_stands_under_the_first_and_nothing_is_lost(officer, group):
    (head,) = inbox.items(officer, timezone.now())
    assert head.ref == f"alarm:{group[0].pk}"
    assert {one.ref for one in head.under} == {f"alarm:{one.pk}" for one in group[1:]}
    assert len(head.marks) == 1


def test_a_group_stands_where_its_nearest_clock_and_its_gravest_level_put_it(officer, group):
    Alarm.records.filter(pk=group[2].pk).update(level=1, due=timezone.now() - seconds(9))
    now = timezone.now()
    (head,) = inbox.items(officer, now)
    assert head.gravest == 1
    assert inbox.grouped([head], now)[0].late


def test_the_desk_marks_the_first_up_and_answers_alone_or_all(client, officer, group):
    page = sign_in(client, officer).get("/duty/", {"item": f"alarm:{group[0].pk}"}).content.decode()
    assert page.count("data-pick-group") == 1
    assert page.count('name="ref" value="alarm:') >= 2 * len(group)  # as boxes, and in the button for all of them
    client.post("/duty/acknowledge/", {"ref": f"alarm:{group[1].pk}"})
    assert Alarm.records.filter(state=AlarmState.ACKNOWLEDGED).count() == 1
    client.post("/duty/acknowledge/", {"ref": [f"alarm:{one.pk}" for one in group]})
    assert Alarm.records.filter(state=AlarmState.ACKNOWLEDGED).count() == 4


def test_a_shelved_alarm_has_a_tab_of_its_own_and_no_badge(client, officer, group):
    now = timezone.now()
    alarm = group[0]
    shelving.shelve(alarm, until=now + timedelta(hours=2), reason="检修", actor=officer, now=now)
    shown = {item.ref: item for item in inbox.items(officer, now)}
    assert (shown[f"alarm:{alarm.pk}"].kind, shown[f"alarm:{alarm.pk}"].quiet) == ("shelved", True)
    assert shown[f"alarm:{group[1].pk}"].kind == "alarm"  # the earliest that is left heads the rest
    page = sign_in(client, officer).get("/duty/", {"tab": "shelved"}).content.decode()
    assert f'data-ref="alarm:{alarm.pk}"' in page
    assert f'data-ref="alarm:{group[1].pk}"' not in page
    assert next(iter(sources.shelved_items(officer, now))).due is None


def test_a_flood_is_said_in_words_and_ends(client, officer, entry, clocks, device, town, hands):
    rise(10, device, town, hands)
    assert 'class="flood"' not in sign_in(client, officer).get("/duty/").content.decode()
    Alarm.records.all().delete()
    version = RuleVersion.objects.get(lane="live")
    start = timezone.now() - timedelta(minutes=1)
    consumer.take([Transition(version.pk, pk, ms(start)) for pk in version.points], timezone.now())
    extra = points_of(device, town, hands, 1, code="GT-9999")
    newest = RuleVersion.objects.filter(lane="live").order_by("-id").first()
    consumer.take([Transition(newest.pk, extra[0].pk, ms(start))], timezone.now())
    assert 'class="flood"' in client.get("/duty/").content.decode()
    Alarm.records.update(raised_at=timezone.now() - timedelta(minutes=11))
    assert 'class="flood"' not in client.get("/duty/").content.decode()


def test_a_group_costs_no_further_query(client, officer, group, django_assert_max_num_queries):
    sign_in(client, officer).get("/duty/")
    with django_assert_max_num_queries(32):
        client.get("/duty/")
    with django_assert_max_num_queries(56):
        client.get("/duty/", {"item": f"alarm:{group[0].pk}"})
