"""A gap in an exchange is asked for until it is closed, ever more rarely."""

from __future__ import annotations

from anlan.gateways.jetstream import REPEAT_MOST_S, REPEAT_S, Asked


def test_a_gap_is_asked_for_again_when_nobody_heard():
    asked = Asked("monday", 0.0)
    assert asked.again("monday", REPEAT_S - 1) is None
    second = asked.again("monday", REPEAT_S)
    assert second is not None
    assert second.again("monday", 2 * REPEAT_S) is None
    assert second.again("monday", 3 * REPEAT_S) == Asked("monday", 3 * REPEAT_S, 4 * REPEAT_S)


def test_it_is_never_asked_for_more_rarely_than_every_ten_minutes():
    asked, now = Asked("monday", 0.0), 0.0
    for _time in range(20):
        now += asked.wait
        asked = asked.again("monday", now)
    assert asked.wait == REPEAT_MOST_S


def test_what_the_product_asks_anew_goes_out_at_once():
    assert Asked("monday", 0.0, 600.0).again("tuesday", 1.0) == Asked("tuesday", 1.0)
