"""A workflow that cannot work stops the program at start, with every fault named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from anlan.kernel.cases import declarations, effects, proofs, registry
from anlan.kernel.cases.declarations import BadWorkflow, Step, Workflow

GOOD = Workflow(
    kind="test.good",
    title="Good",
    start="open",
    done=("over",),
    states={"open": "Open", "over": "Over"},
    steps=(Step(do="finish", label="Finish", frm=("open",), to="over", verb="case.work"),),
)
FINISH = GOOD.steps[0]


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_workflows", {})


def with_step(**changes: Any) -> Workflow:
    return replace(GOOD, steps=(replace(FINISH, **changes),))


def faults(bad: Workflow) -> str:
    with pytest.raises(BadWorkflow) as refused:
        declarations.workflow(bad)
    return str(refused.value)


def test_a_good_one_is_known_by_its_kind() -> None:
    assert declarations.workflow(GOOD) is registry.get("test.good")


def test_a_kind_is_taken_once() -> None:
    declarations.workflow(GOOD)
    with pytest.raises(ValueError, match="two workflows"):
        declarations.workflow(replace(GOOD, title="Another"))


def test_a_case_of_a_room_that_is_gone_says_so() -> None:
    with pytest.raises(LookupError, match=r"test\.gone"):
        registry.get("test.gone")


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (with_step(to="ovr"), "'ovr' is not declared"),
        (with_step(frm=("opn",)), "'opn' is not declared"),
        (replace(GOOD, start="nowhere"), "'nowhere' is not declared"),
        (replace(GOOD, states={**GOOD.states, "lost": "Lost"}), "'lost' cannot be reached"),
        (replace(GOOD, start="over"), "over when it is opened"),
        (replace(GOOD, done=()), "no state in which it is over"),
        (replace(GOOD, steps=(FINISH, FINISH)), "declared twice"),
        (replace(GOOD, steps=(FINISH, replace(FINISH, do="again", frm=("over",), to="open"))), "leads out of 'over'"),
        (with_step(frm=()), "leads from no state"),
        (with_step(do="open"), "the kernel's own act"),
        (with_step(do="extend"), "the kernel's own act"),
        (with_step(verb="anything"), "needs a verb"),
        (with_step(needs=("foto",)), "'foto', which is no registered proof"),
        (
            replace(
                GOOD,
                states={**GOOD.states, "stuck": "Stuck"},
                steps=(FINISH, replace(FINISH, do="stick", to="stuck")),
            ),
            "'stuck' never comes to an end",
        ),
    ],
)
def test_what_cannot_work_is_named(bad: Workflow, fault: str) -> None:
    assert fault in faults(bad)
    assert registry.all_workflows() == []


def test_every_fault_is_named_at_once() -> None:
    words = faults(with_step(to="ovr", verb="x", needs=("foto",)))
    assert all(part in words for part in ("ovr", "needs a verb", "foto"))


def test_an_effect_that_nobody_registered_stops_the_start() -> None:
    declarations.workflow(with_step(effects=("test.nobody",)))
    with pytest.raises(LookupError, match=r"test\.good: test\.nobody"):
        registry.check()


def test_a_name_has_one_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "_effects", {})
    effects.register("test.one", print)
    effects.register("test.one", print)
    with pytest.raises(ValueError, match="two effects"):
        effects.register("test.one", repr)


def test_a_proof_has_a_plain_name() -> None:
    for role in ("", "with blank", "x" * 41, "../etc"):
        with pytest.raises(ValueError, match="not a name"):
            proofs.register_proof(role, "x")


def test_a_declaration_cannot_be_changed_afterwards() -> None:
    with pytest.raises(TypeError):
        GOOD.states["new"] = "New"  # type: ignore[index]
    with pytest.raises(AttributeError):
        GOOD.kind = "other"  # type: ignore[misc]


def test_a_state_that_was_dropped_is_shown_by_its_code() -> None:
    assert GOOD.state_label("open") == "Open"
    assert GOOD.state_label("former") == "former"


def test_the_effects_that_every_installed_workflow_names_are_there() -> None:
    """As the server checks it at start, over the workflows that the apps declared."""
    import importlib

    monitoring = importlib.import_module("anlan.apps.monitoring.declarations")
    registry.add(monitoring.ALARM_HANDLE)
    registry.check()
