"""The code that the how-tos show is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from small_county import NOW, plant_county

from anlan.kernel.people.services import system_user
from anlan.kernel.registers import declarations, selecting, services

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def blocks(name: str) -> list[str]:
    """The blocks of Python of a how-to, in order."""
    return re.findall(r"^```python\n(.*?)^```", (HOW_TO / name).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.django_db(transaction=True)
def test_the_register_of_the_how_to_works_as_it_stands_there():
    names: dict[str, object] = {"__name__": "how_to"}
    for block in blocks("add-a-register.md"):
        exec(compile(block, "add-a-register.md", "exec"), names)
    register = names["WATER_POINTS"]
    assert isinstance(register, declarations.Register)
    with connection.schema_editor() as editor:
        editor.create_model(register.model)
    try:
        plant_county()
        tests = system_user("tests")
        record = services.create(register, names["SAMPLE"], actor=tests, now=NOW)
        assert record.code == "WTP-000001"
        asked = selecting.question(register, tests, {"q": "qsmt", "source": "river", "unusable": "dry"}, NOW)
        assert selecting.select(register, asked).pks == [record.pk]
        services.change(register, record, {"flow": "55 L/s"}, actor=tests, now=NOW)
        assert register.model.present.get().flow == 55
    finally:
        declarations._registers.pop(register.code)
        with connection.schema_editor() as editor:
            editor.delete_model(register.model)
        apps.all_models[register.model._meta.app_label].pop(register.model._meta.model_name)
        apps.clear_cache()
