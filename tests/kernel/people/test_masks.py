"""Personal data as it is shown to whoever has no reason to see all of it."""

from __future__ import annotations

import pytest

from anlan.kernel.people import masks


@pytest.mark.parametrize(
    ("clear", "masked"),
    [("19000001234", "190****1234"), ("+8619000001234", "+86190****1234"), ("8123456", "*****56"), ("", "")],
)
def test_a_phone_shows_enough_to_tell_two_apart_and_not_to_call(clear, masked):
    assert masks.phone(clear) == masked


def test_names_and_identity_numbers():
    assert masks.person("王小明") == "王**"
    assert masks.identity("990123199001011234") == "990123**********34"
    assert masks.identity("12345") == "*****"
