"""How moments, ages, levels and clocks read, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import override

from anlan.kernel.web import formatting

NOW = datetime(2026, 11, 21, 19, 25, 18, tzinfo=UTC)


def render(text: str, **context) -> str:
    return Template("{% load anlan %}" + text).render(Context(context))


@pytest.fixture(autouse=True)
def bureau():
    with override("en"), timezone.override("Asia/Shanghai"):
        yield


def test_times_are_shown_in_the_bureaus_zone():
    assert formatting.bureau_time(NOW) == "2026-11-22 03:25"
    assert formatting.bureau_time(NOW, seconds=True) == "2026-11-22 03:25:18"
    assert formatting.bureau_time(None) == "—"


def test_a_short_time_drops_what_is_the_same_as_today():
    assert formatting.short_time(NOW, NOW) == "03:25"
    assert formatting.short_time(NOW - timedelta(days=1), NOW) == "11-21 03:25"
    assert formatting.short_time(NOW - timedelta(days=400), NOW) == "2025-10-18 03:25"


@pytest.mark.parametrize(
    ("seconds", "words"), [(8, "8 s"), (785, "13 min 05 s"), (7260, "2 h 1 min"), (187_200, "2 d 4 h"), (-8, "8 s")]
)
def test_a_span_is_said_in_its_two_largest_units(seconds, words):
    assert formatting.span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "text"), [(234, "00:03:54"), (-380, "-00:06:20"), (0, "00:00:00"), (86399, "23:59:59")]
)
def test_a_running_clock_is_digits(seconds, text):
    assert formatting.digits(seconds) == text


def test_a_clock_of_days_is_words():
    assert formatting.digits(187_200) == "2 d 4 h"


def test_an_age_says_so_and_a_moment_ahead_too():
    assert formatting.age(NOW - timedelta(seconds=72), NOW) == "1 min ago"
    assert formatting.age(NOW + timedelta(hours=3), NOW) == "in 3 h"


def test_a_level_is_numeral_and_word_never_colour_alone():
    assert render("{% level 2 %}") == '<span class="lv orange">Ⅱ Orange</span>'
    assert render("{% level n %}", n=None) == '<span class="lv none">Not graded</span>'
    assert "Ⅰ Red · tailings" in render("{% level 1 'tailings' %}")
    assert render("{{ 4|level_word }}") == "Ⅳ Blue"


def test_a_running_clock_carries_what_the_browser_counts_with():
    html = render("{% clock due started %}", due=timezone.now() + timedelta(minutes=5), started=timezone.now())
    assert 'class="clk soon"' in html
    assert "data-due=" in html
    assert "<em>" not in html


def test_an_overdue_clock_says_overdue():
    html = render("{% clock due %}", due=timezone.now() - timedelta(minutes=5))
    assert "over" in html
    assert "Overdue" in html
    assert "-00:05:0" in html


def test_a_stopped_clock_tells_what_was_used_and_does_not_count():
    html = render(
        "{% clock due started stopped %}",
        due=NOW,
        started=NOW - timedelta(minutes=5),
        stopped=NOW - timedelta(minutes=3),
    )
    assert "Used 2 min 00 s" in html
    assert "data-due" not in html


def test_a_clock_stopped_too_late_stays_late():
    html = render(
        "{% clock due started stopped %}", due=NOW, started=NOW - timedelta(hours=1), stopped=NOW + timedelta(minutes=3)
    )
    assert "Overdue by 3 min 00 s" in html


def test_hostile_words_are_escaped():
    assert "<script>" not in render("{% level 1 word %}{% icon name label='x' %}", word="<script>", name='"><script>')


def test_a_coordinate_in_an_address_is_written_as_programs_do():
    with override("de"):
        assert render("{{ x|unlocalised }}", x=104.6125) == "104.6125"


def test_states_show_title_and_hint():
    html = render("{% state_empty 'search' t h %}", t="Nothing", h="Look <there>")
    assert "Nothing" in html
    assert "Look &lt;there&gt;" in html


def test_an_unverified_rule_is_marked():
    class Entry:
        pk, code, version, standard, clause, verified = 3, "GAS-01", 2, "GB/T 50493-2019", "5.5.2", False
        title, title_zh = "Combustible gas", "可燃气体"

    assert "GB/T 50493-2019 5.5.2" in render("{% entry_source e %}", e=Entry)
    assert "Unverified" in render("{% entry_source e %}", e=Entry)
    assert render("{% entry_title e %}", e=Entry) == "Combustible gas"
    with override("zh-hans"):
        assert render("{% entry_title e %}", e=Entry) == "可燃气体"
