"""Every register takes its own sample in through its template and holds the same values then."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from django.urls import reverse
from importing_world import checked, committed, counts
from python_calamine import CalamineWorkbook
from small_county import sign_in

from anlan.kernel.registers import services, values
from anlan.kernel.registers.declarations import declared
from anlan.kernel.registers.importing import guessing
from anlan.kernel.registers.info import Kind

pytestmark = pytest.mark.django_db
every = pytest.mark.parametrize("register", declared(), ids=lambda register: register.code)


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA = tmp_path


def filled(template: bytes, cells: dict[str, object], names: list[str]) -> bytes:
    """The template with one row under its headings."""
    headings = CalamineWorkbook.from_filelike(io.BytesIO(template)).get_sheet_by_index(0).to_python()[0]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for at, (heading, name) in enumerate(zip(headings, names, strict=True)):
            sheet.write(0, at, heading)
            if cells.get(name) not in (None, ""):
                sheet.write(1, at, cells[name])
    return out.getvalue()


def as_cell(value: object) -> object:
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else getattr(value, "code", value)


@every
def test_the_template_filled_with_the_sample_becomes_that_record(world, keeper, client, register):
    sign_in(client, keeper)
    template = client.get(reverse("registers:import_template", args=[register.code])).content
    names = [name for name in guessing.fields(register) if register.info(name).kind is not Kind.OUTLINE]
    sample = world.values(register.code)
    cells = {name: as_cell(value) for name, value in sample.items()}
    row = checked(keeper, filled(template, cells, names), "台账.xlsx", register)
    assert {int(at): name for at, name in row.options["columns"].items()} == dict(enumerate(names))
    assert counts(row) == {"new": 1}, [line.faults for line in row.lines.all()]
    committed(row)
    record = register.model.present.get(batch=row.batch)
    for name, value in services.clean(register, sample).values.items():
        info = register.info(name)
        if name not in ("code", "outline"):
            assert values.as_json(info, getattr(record, name)) == values.as_json(info, value), name
    services_undone = client.post(reverse("registers:import_act", args=[register.code, row.pk, "undo"]))
    assert services_undone.status_code == 302
