"""One limit of a token for all web processes."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from small_county import make_user, plant_county

from anlan.kernel.people.models import ApiToken, TokenUse
from anlan.kernel.people.rate import PARTS, SLOTS, Shared, wait_s

pytestmark = pytest.mark.django_db
WINDOW_S, T0 = 60.0, 1_800_000_000.0


def token_of(name="owner"):
    now = timezone.now()
    return ApiToken.objects.create(
        owner=make_user(name),
        name="脚本",
        mark=f"m{name}",
        digest="",
        created_at=now,
        expires_at=now + timedelta(days=1),
    )


@pytest.fixture
def token(db):
    plant_county()
    return token_of()


def ask(process, token, at=T0, limit=600):
    return process.take(token, door="a", limit=limit, window_s=WINDOW_S, now_s=at)


@pytest.mark.parametrize("limit", [1, 2, 7, 600])
def test_two_processes_hold_one_limit(token, limit):
    processes = Shared(), Shared()
    answers = [ask(processes[n % 2], token, limit=limit) for n in range(limit + 60)]
    assert sum(answers) == limit, "turn by turn both spend what they took"


def test_what_one_process_took_and_did_not_spend_is_the_most_that_is_lost(token):
    one, other = Shared(), Shared()
    assert all(ask(one, token) for _turn in range(100))
    spent = sum(ask(other, token) for _turn in range(600))
    assert 500 - 600 // PARTS <= spent <= 500


def test_no_window_ever_holds_more_than_the_limit(token):
    processes, given = (Shared(), Shared(), Shared()), []
    for step in range(4_000):
        at = T0 + step * 0.05
        if ask(processes[step % 3], token, at, limit=300):
            given.append(at)
    most = max(sum(1 for one in given if at <= one < at + WINDOW_S) for at in given[::7])
    assert most <= 300
    assert len(given) >= 2 * 300, "and what is over comes back"


def test_a_token_that_asks_seldom_wastes_nothing(token):
    process = Shared()
    assert all(ask(process, token, T0 + 10 * n, limit=SLOTS + 1) for n in range(50))
    assert TokenUse.objects.filter(token=token).count() <= SLOTS + 2, "old slots are not kept"


def test_tokens_do_not_spend_for_each_other(token):
    process, other = Shared(), token_of("other")
    assert [ask(process, token, limit=1), ask(process, token, limit=1), ask(process, other, limit=1)] == [
        True,
        False,
        True,
    ]


def test_whoever_has_to_wait_is_told_until_when():
    assert wait_s(window_s=60.0, now_s=T0 + 3) == pytest.approx(7.0)
    assert 0 < wait_s(window_s=60.0, now_s=T0 + 9.999) <= 10.0


@pytest.mark.nightly
def test_a_limit_costs_less_than_a_millisecond_a_request(token):
    process = Shared()
    began = time.perf_counter()
    for n in range(600):
        ask(process, token, T0 + n / 60)
    assert (time.perf_counter() - began) / 600 < 0.001


def test_each_door_has_a_limit_of_its_own(token):
    process = Shared()
    for _turn in range(700):
        assert process.take(token, door="b", limit=3_000, window_s=WINDOW_S, now_s=T0, first=50)
    assert sum(ask(process, token) for _turn in range(700)) == 600


def test_who_is_over_the_limit_costs_the_database_nothing(token, django_assert_num_queries):
    process = Shared()
    while ask(process, token, limit=5):
        pass
    with django_assert_num_queries(0):
        assert not any(ask(process, token, limit=5) for _turn in range(50))
    assert ask(process, token, T0 + 2 * WINDOW_S, limit=5), "in the next window it may ask again"
