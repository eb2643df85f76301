"""Readings that wait for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import NOW, ms

from anlan.engine import decode_batch
from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing import queries, services
from anlan.kernel.sensing.services import set_aside
from anlan.kernel.sensing.store import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def aside(readings, device):
    """Put one row aside and give it as the store lists it."""

    def _aside(code="unknown_point", point="GT-2O31", t=None, value=12.5, sender="gw-1"):
        row = Refused(0, "point", code, "why", point, ms(NOW) if t is None else t, value)
        readings.put_set_aside(sender, f"b-{code}-{point}-{t}", "live", [row])
        return readings.set_aside(limit=1)[0]

    return _aside


def test_a_row_is_sent_again_to_the_point_that_was_meant(aside, point, engineer, readings):
    row = aside()
    seq = set_aside.replay_row(row, point=point, store=readings, actor=engineer, now=NOW)
    record = readings.read_log(seq - 1)[0]
    ids, t, value, quality = decode_batch(record.payload)
    assert (ids.tolist(), t.tolist(), value.tolist(), quality.tolist()) == ([point.pk], [ms(NOW)], [12.5], [0])
    again = readings.set_aside_row(row.id)
    assert (again.state, again.resolved_by) == ("replayed", "engineer")
    assert AuditEntry.objects.get(verb="setaside.replay").after["point"] == point.code


def test_R2_a_row_sent_again_twice_is_stored_once(aside, point, engineer, readings):
    row = aside()
    first = set_aside.replay_row(row, point=point, store=readings, actor=engineer, now=NOW)
    # The page that another engineer still has open.
    assert set_aside.replay_row(row, point=point, store=readings, actor=engineer, now=NOW) == first
    assert len([record for record in readings.read_log(0) if record.kind == "batch"]) == 1
    with pytest.raises(services.Refused):
        set_aside.replay_row(readings.set_aside_row(row.id), point=point, store=readings, actor=engineer, now=NOW)


@pytest.mark.parametrize(
    "facts",
    [
        {"code": "conflict", "point": "GT-2031"},
        {"code": "type", "point": "GT-2031", "value": None},
        {"point": "GT-nobody"},
        {"code": "future", "point": "GT-2031", "t": ms(NOW + timedelta(minutes=6))},
        {"point": "GT-2031", "sender": "gw-elsewhere"},
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_with_a_reason_and_stays(facts, aside, point, hands, readings):
    row = aside(**facts)
    with pytest.raises(services.Refused, match=r"\w"):
        set_aside.replay_row(row, store=readings, actor=hands, now=NOW)
    assert readings.set_aside_row(row.id).state == "open"
    assert readings.last_seq() == 0


def test_a_future_row_may_be_sent_when_its_time_has_come(aside, point, engineer, readings):
    row = aside(code="future", point="GT-2031", t=ms(NOW + timedelta(minutes=6)))
    assert set_aside.replay_row(row, store=readings, actor=engineer, now=NOW + timedelta(minutes=2))


def test_rows_are_dropped_with_a_reason_that_stays(aside, engineer, readings):
    row = aside()
    with pytest.raises(services.Refused):
        set_aside.drop_rows([row], store=readings, actor=engineer, now=NOW, note=" ")
    assert set_aside.drop_rows([row], store=readings, actor=engineer, now=NOW, note="调试数据") == 1
    assert readings.set_aside_row(row.id).state == "dropped"
    assert AuditEntry.objects.get(verb="setaside.drop").after["note"] == "调试数据"


def test_S2_rows_show_where_their_device_stands_and_to_nobody_else(aside, engineer, officer, foreigner, readings):
    row = aside()
    assert [one.id for one in queries.set_aside_for(officer)] == [row.id]
    assert queries.set_aside_for(foreigner) == []
    assert queries.count_set_aside(foreigner) == 0
    with pytest.raises(NotAllowed):
        set_aside.replay_row(row, store=readings, actor=officer, now=NOW)


def test_rows_of_an_unknown_sender_show_to_those_who_reach_everything(aside, officer, foreigner):
    row = aside(sender="nobody")
    assert [one.id for one in queries.set_aside_for(officer)] == [row.id]
    assert queries.set_aside_for(foreigner) == []
