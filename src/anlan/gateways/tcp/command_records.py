"""Commands in the records as the gateway sees them, without Django.

Names of tables and columns are those of `kernel.sensing.models` and `kernel.audit.models`; a test holds them together.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from anlan.gateways.records import PlainRecords
from anlan.gateways.tcp.asking import Step
from anlan.gateways.tcp.speech import Question
from anlan.kernel.sensing.door.commands import ACCEPTED, EXPIRED, SENT, WAITING

#: Columns of a question, in the order of its fields.
QUESTIONS = """
SELECT c.id, c.protocol, c.number, d.code, d.id, r.path, c.kind, c.arguments, c.state, c.mark, c.tries, c.answer_s,
c.most_tries, c.result_s
FROM sensing_devicecommand c JOIN sensing_device d ON d.id = c.device_id JOIN regions_region r ON r.id = d.region_id
"""
LEFT = QUESTIONS + " WHERE c.state IN ('sent', 'accepted') OR (c.mark <> '' AND c.closed_at > ?) ORDER BY c.id"
WAITS = "SELECT id FROM sensing_devicecommand WHERE state = 'waiting'"
OVER = QUESTIONS + " WHERE c.state = 'waiting' AND c.expires_at <= ? ORDER BY c.id LIMIT 500"
AUDIT = """
INSERT INTO audit_entry (at, actor_id, actor_name, verb, ref, region_path, before, after, note, source, outcome, nonce,
hash) VALUES (?, NULL, '', ?, ?, ?, ?, ?, ?, 'tcp', 'done', ?, '')
"""
#: What still comes of a command is known for so long after it ended, also after a new start.
REMEMBERED = timedelta(hours=24)
#: Questions that are read with one statement.
_PORTION = 500


class CommandRecords(PlainRecords):
    """What the clerk asks and writes; raises Away when the database cannot be reached."""

    def left(self, now: datetime) -> list[Question]:
        """What a gateway before this one sent: not answered, under way, or ended lately."""
        return [_question(row) for row in self._rows(LEFT, (self._at(now - REMEMBERED),))]

    def waiting(self) -> frozenset[int]:
        """The ids of all that wait."""
        return frozenset(pk for (pk,) in self._rows(WAITS))

    def questions(self, pks: Sequence[int]) -> list[Question]:
        """Those that still wait among these, the eldest first."""
        found: list[Question] = []
        for start in range(0, len(pks), _PORTION):
            some = pks[start : start + _PORTION]
            places = ", ".join("?" * len(some))
            sql = QUESTIONS + f" WHERE c.state = 'waiting' AND c.id IN ({places}) ORDER BY c.id"
            found += [_question(row) for row in self._rows(sql, some)]
        return found

    def expire(self, now: datetime) -> int:
        """End what waited too long for its device; how many."""
        over = [_question(row) for row in self._rows(OVER, (self._at(now),))]
        for question in over:
            with self._together():
                sql = "UPDATE sensing_devicecommand SET state = ?, closed_at = ? WHERE id = ? AND state = 'waiting'"
                if self._write(sql, (EXPIRED, self._at(now), question.pk)):
                    self._audit(question, "device.command_expired", {"state": WAITING}, {"state": EXPIRED}, "", now)
        return len(over)

    def step(self, step: Step, now: datetime) -> bool:
        """Write a step with its audit row; False when the command is in none of the states it may come from."""
        question, at = step.question, self._at(now)
        changed: dict[str, Any] = {"state": step.to, "mark": step.mark, "readings": step.readings}
        changed["answer"] = json.dumps(step.answer)
        if step.to == SENT:
            changed["sent_at"] = at
        elif step.to == ACCEPTED:
            changed["accepted_at"] = at
        elif step.to != WAITING:
            changed["closed_at"] = at
        names = ", ".join(f"{name} = ?" for name in changed) + (", tries = tries + 1" if step.tried else "")
        states = ", ".join("?" * len(step.frm))
        sql = f"UPDATE sensing_devicecommand SET {names} WHERE id = ? AND state IN ({states})"  # noqa: S608
        with self._together():
            if not self._write(sql, (*changed.values(), question.pk, *step.frm)):
                return False
            after = {"command": question.pk, "kind": question.kind, "state": step.to, **step.answer}
            self._audit(question, step.act, {}, after, step.note, now)
        return True

    def _audit(
        self,
        question: Question,
        act: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        note: str,
        now: datetime,
    ) -> None:
        ref, nonce = f"device:{question.device_pk}", secrets.token_hex(16)
        told = (json.dumps(dict(before)), json.dumps(dict(after)))
        self._write(AUDIT, (self._at(now), act, ref, question.region, *told, note, nonce))


def _question(row: Sequence[Any]) -> Question:
    """SQLite keeps JSON as text; PostgreSQL's driver has read it already."""
    pk, protocol, number, device, device_pk, region, kind, arguments, *rest = row
    told = json.loads(arguments) if isinstance(arguments, (str, bytes)) else arguments
    return Question(pk, protocol, number, device, device_pk, region, kind, told, *rest)
