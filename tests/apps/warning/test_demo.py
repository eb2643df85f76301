"""The demo's warnings are entered by the verbs, and say what the demo tells of them."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from small_county import NOW
from warning_world import plant

from anlan.apps.warning.identity import SENDER
from anlan.apps.warning.models import Message, Sender
from anlan.apps.warning.queries import messages as queries
from anlan.demo.fill import warnings

pytestmark = pytest.mark.django_db


def test_the_demo_has_two_of_its_own_and_one_of_a_neighbour(db, monkeypatch):
    monkeypatch.delenv(SENDER, raising=False)
    world = plant()
    warnings.fill(SimpleNamespace(seed=1), actor=world.hand, now=NOW)
    assert SENDER not in os.environ
    force = queries.real(queries.visible(world.officer)).filter(queries.in_force(NOW))
    assert sorted(force.values_list("headline", "level", "signed")) == [
        ("临澜县气象台发布雷雨大风橙色预警", 2, True), ("安澜县发布暴雨黄色预警", 3, True),
    ]  # fmt: skip
    called_off = Message.objects.get(headline="安澜县发布大风蓝色预警")
    assert called_off.superseded_by.msg_type == "Cancel"
    assert called_off.draft.issued_by != called_off.draft.author
    assert Message.objects.get(standing="aside").reason == "signature"
    assert Sender.objects.get().certificates
    assert queries.waiting_to_be_noted(world.officer, NOW).count() == 0
