"""Offers the scripts of the demo on the scenarios page."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import get_language

from anlan.apps.monitoring.declarations import Scenario, declare_scenario
from anlan.demo.scenarios import SCENARIOS


def _either(english: str, chinese: str) -> str:
    return chinese if (get_language() or "").startswith("zh") else english


either = lazy(_either, str)


def offer_scenarios() -> None:
    """Each script of the demo under its name, in the language of the page."""
    for script in SCENARIOS:
        declare_scenario(
            Scenario(
                code=script.name,
                title=either(script.title, script.title_zh),
                text=either(script.text, script.text_zh),
                expect=either(script.expect, script.expect_zh),
                duration_s=script.duration_s,
            )
        )
