"""The demo's documents are made by the verbs: read, decided, in force, partly joined, partly red."""

from __future__ import annotations

from types import SimpleNamespace

from small_county import NOW

from anlan.apps.goals.models import Document, Edition, Kind
from anlan.apps.goals.queries.documents import current_editions
from anlan.apps.goals.queries.ledger import sheets
from anlan.apps.goals.queries.standing import State
from anlan.demo.fill import policies
from anlan.kernel.people.services import system_user


def test_the_demo_fills_three_documents_with_red_in_each(world, monkeypatch):
    monkeypatch.setattr(policies, "RECORDED", ())
    policies.fill(SimpleNamespace(), actor=system_user("demo"), now=NOW)
    assert set(Document.objects.values_list("kind", flat=True)) == {Kind.PLAN, Kind.WORK_POINTS, Kind.CHECKLIST}
    assert set(Edition.objects.values_list("state", flat=True)) == {"in_force"}
    for sheet in sheets(list(current_editions(Document.objects.all()).values()), now=NOW):
        assert sheet.undecided == 0
        assert sheet.counts[State.NOTHING] > 0
        assert sheet.counts[State.PROGRESS] > 0
        assert not sheet.counts[State.FULFILLED]  # rules and screens alone prove nothing
    plan = Edition.objects.get(document__kind=Kind.PLAN)
    assert [one["numbers"] for one in plan.findings if one["code"] == "missing"] == [["3"]]
