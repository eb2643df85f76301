"""Commands at the gateway: which device is asked what, what it answered, and what becomes of a command without answer.

All of it runs in the loop. What changes in the records is handed to the clerk as a step; a command goes out only after
its step "sent" is on disk, so that a gateway that is killed never leaves one that it sent and does not know of. What it
finds as "sent" when it starts may or may not have gone out: it waits again, and its number of tries says so.
"""

from __future__ import annotations

import hmac
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from anlan.gateways.tcp.speech import Frame, Question, Said, Speaker
from anlan.gateways.tcp.taking import Taking
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.door.commands import ACCEPTED, DONE, NO_ANSWER, REFUSED, SENT, WAITING
from anlan.kernel.sensing.store import LIVE

log = logging.getLogger("anlan.tcp")

#: Commands of a device that are remembered after they ended, so that what still comes of them is known for what it is.
REMEMBERED = 8
#: Seconds for which an answer may come too late and still be known for what it is.
LATE_S = 86_400.0
#: Old data without the number of its question counts as its answer only when older than what the device may be sending
#: of its own accord: two periods. By command of HJ 212, ms.
_OWN_MS: Mapping[str, int] = {
    "2051": 2 * 600_000,
    "2061": 2 * 3_600_000,
    "2031": 2 * 86_400_000,
    "2041": 2 * 86_400_000,
}

#: (protocol, number) of a device.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a command in the records.

    frm      states it may be in; in any other nothing is changed
    act      of the audit row, as "device.command_sent";  note says why
    wanted   kept until it can be written; else it is given up when the records cannot be reached
    settled  told in the loop whether it is written
    """

    question: Question
    frm: tuple[str, ...]
    to: str
    act: str
    settled: Callable[[bool], None]
    mark: str = ""
    tried: bool = False
    answer: Mapping[str, Any] = field(default_factory=dict)
    readings: int = 0
    note: str = ""
    wanted: bool = True


class Line(Protocol):
    """A connection as it is spoken over."""

    speaker: Speaker

    def send(self, frame: bytes) -> None:
        """Write a frame; one that is gone hears nothing."""


class Place(Protocol):
    """What commands need of the gateway."""

    taking: Taking
    clock: Callable[[], int]

    def now(self) -> float:
        """Seconds that only grow."""

    def note(self, step: Step) -> None:
        """Hand a step to the clerk."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """How a device is spoken to: the connection that proved it, by which credential, and what it sent."""

    line: Line
    heard: Any
    digest: str


@dataclass(slots=True, eq=False)
class _Asked:
    """A command as the gateway holds it. `since` is its last sign of life, `line` where it was sent."""

    question: Question
    state: str
    mark: str
    tries: int
    since: float
    line: Line | None = None
    told: dict[str, Any] = field(default_factory=dict)
    readings: int = 0
    #: Steps that the clerk has not settled.
    unsettled: int = 0

    @property
    def key(self) -> Key:
        return (self.question.protocol, self.question.number)


class Asking:
    """The commands of all devices. One of each device is under way at a time, the eldest first."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._waiting: dict[Key, list[_Asked]] = {}
        self._open: dict[Key, _Asked] = {}
        self._known: dict[Key, OrderedDict[str, _Asked]] = {}
        self._voices: dict[Key, _Voice] = {}
        #: Devices by connection; one may speak for several.
        self._spoken: dict[Line, set[Key]] = {}

    # -- from the clerk -----------------------------------------------------------------------------------------------

    def begin(self, found: Iterable[Question]) -> None:
        """What a gateway before this one left: sent, taken up, or ended and perhaps still being answered."""
        for question in found:
            asked = _Asked(question, question.state, question.mark, question.tries, self._place.now())
            if question.mark:
                self._remember(asked)
            if question.state == SENT:
                self._again(asked, "the gateway was started anew; it may have been sent")
            elif question.state == ACCEPTED:
                self._open[asked.key] = asked

    def offered(self, found: Iterable[Question], waiting: frozenset[int]) -> None:
        """New commands, and the ids of all that wait in the records: one that is not among them was taken back."""
        held = {one.question.pk for those in self._waiting.values() for one in those}
        held |= {one.question.pk for one in self._open.values()}
        for question in found:
            if question.pk not in held:
                asked = _Asked(question, WAITING, question.mark, question.tries, self._place.now())
                self._waiting.setdefault(asked.key, []).append(asked)
        for key, those in list(self._waiting.items()):
            stay = [one for one in those if one.unsettled or one.question.pk in waiting]
            if stay:
                self._waiting[key] = stay
                self._try(key)
            else:
                del self._waiting[key]

    # -- from the connections -----------------------------------------------------------------------------------------

    def heard(self, key: Key, line: Line, heard: Any, digest: str) -> None:
        """A device has proved itself on this connection by this frame."""
        before = self._voices.get(key)
        if before is None or before.line is not line or before.digest != digest:
            self._spoken.setdefault(line, set()).add(key)
            self._voices[key] = _Voice(line, heard, digest)
        if key in self._waiting:
            self._try(key)

    def left(self, line: Line) -> None:
        """A connection has ended: what was sent over it and not taken up waits for the next."""
        keys = self._spoken.pop(line, set())
        for key in keys:
            if key in self._voices and self._voices[key].line is line:
                del self._voices[key]
        for asked in [self._open[key] for key in keys if key in self._open]:
            if asked.line is not line or asked.state != SENT:
                continue
            self._again(asked, "the connection ended before the answer")

    def stays(self, key: Key) -> bool:
        """Whether this device is better kept connected: something waits for it or is under way."""
        return key in self._waiting or key in self._open

    def belongs(self, key: Key, frame: Frame) -> _Asked | None:
        """The command whose old data this frame brings; None for what the device sends of its own accord."""
        asked = self._marked(key, frame.mark)
        if asked is None or not frame.values or frame.lane != LIVE or asked.question.kind != commands.HISTORY:
            return None
        span = asked.question.arguments
        latest = span["to_ms"]
        if frame.mark.endswith("?"):
            if asked.state not in (SENT, ACCEPTED):
                return None
            latest = min(latest, self._place.clock() - _OWN_MS.get(span.get("of", ""), 0))
        within = all(one.time_ms is not None and span["from_ms"] <= one.time_ms <= latest for one in frame.values)
        return asked if within else None

    def answered(self, key: Key, frame: Frame, owner: _Asked | None) -> bool:
        """A frame of a device that proved itself: old data of `owner`, or word of a command.

        Returns False for an answer to nothing that was asked.
        """
        if owner is not None:
            owner.readings += len(frame.values)
            owner.since = self._place.now()
            if owner.state == SENT:
                self._told(owner, Said(ACCEPTED), 0)  # it answers without having said so
            return True
        asked = self._marked(key, frame.mark)
        if asked is None or frame.said is None or not _fits(asked.state, frame.said):
            return False
        self._told(asked, frame.said, len(frame.values))
        return True

    # -- once a second ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Send again what is not answered, and give up what was sent often enough or is no longer worked on."""
        now = self._place.now()
        for asked in list(self._open.values()):
            question = asked.question
            if asked.unsettled:
                continue
            if asked.state == SENT and now - asked.since > question.answer_s:
                if asked.tries < question.most_tries:
                    self._send(asked, "no answer in time")
                else:
                    self._end(asked, NO_ANSWER, "device.command_unanswered")
            elif asked.state == ACCEPTED and now - asked.since > question.result_s:
                self._end(asked, NO_ANSWER, "device.command_unanswered")

    # -- ours ---------------------------------------------------------------------------------------------------------

    def _try(self, key: Key) -> None:
        """Send the eldest command that waits for this device, if none is under way and it can be spoken to."""
        if key in self._open or key not in self._waiting or self._voice(key) is None:
            return
        asked = self._waiting[key][0]
        if asked.unsettled:
            return
        link = self._place.taking.links.get(key)
        if link is None or link.device != asked.question.device:
            return  # the number is another device's now; it waits until it expires
        self._leave_waiting(asked)
        self._send(asked, "")

    def _send(self, asked: _Asked, note: str) -> None:
        """Write the step first; the frame goes out once it is on disk."""
        voice, now_ms = self._voice(asked.key), self._place.clock()
        if voice is None:
            self._again(asked, "the device is not connected")
            return
        speaker, question = voice.line.speaker, asked.question
        try:
            # On the same connection it is the same question and keeps its mark.
            mark = asked.mark if asked.line is voice.line else speaker.mark(replace(question, mark=asked.mark), now_ms)
            speaker.ask(voice.heard, question, mark, now_ms)
        except Exception as error:
            # A row that nobody can say must not stand in the way of the answers that go out with it.
            log.info("%s cannot be asked %s: %r", question.device, question.kind, error)
            self._end(asked, REFUSED, "device.command_refused", {"unsaid": str(error)[:200]})
            return
        frm, asked.mark = (SENT if asked.state == SENT else WAITING,), mark
        asked.state, asked.line, asked.since = SENT, voice.line, self._place.now()
        asked.tries += 1
        self._open[asked.key] = asked
        self._remember(asked)
        act = "device.command_sent" if asked.tries == 1 else "device.command_sent_again"
        self._note(
            asked, frm, SENT, act, lambda kept: self._sent(asked, frm, kept), tried=True, note=note, wanted=False
        )

    def _sent(self, asked: _Asked, frm: tuple[str, ...], kept: bool) -> None:
        """The step is on disk: say it now. One that is not goes out not."""
        if asked.state != SENT or self._open.get(asked.key) is not asked:
            return  # answered already, or its connection has ended
        voice = self._voice(asked.key)
        if not kept:
            # Taken back meanwhile, or the records are away: the next look of the clerk shows which.
            asked.tries -= 1
            if frm == (WAITING,):
                del self._open[asked.key]
                asked.state = WAITING
                self._waiting.setdefault(asked.key, []).insert(0, asked)
            return
        asked.since = self._place.now()
        if voice is None or voice.line is not asked.line:
            self._again(asked, "the connection ended before it was sent")
            return
        asked.line.send(asked.line.speaker.ask(voice.heard, asked.question, asked.mark, self._place.clock()))

    def _again(self, asked: _Asked, note: str) -> None:
        """Back to those that wait, or given up when it was tried often enough."""
        asked.line = None
        if asked.tries >= asked.question.most_tries:
            self._end(asked, NO_ANSWER, "device.command_unanswered", note=note)
            return
        if self._open.get(asked.key) is asked:
            del self._open[asked.key]
        asked.state = WAITING
        self._waiting.setdefault(asked.key, []).insert(0, asked)
        self._note(asked, (SENT,), WAITING, "device.command_waits", note=note)

    def _told(self, asked: _Asked, said: Said, readings: int) -> None:
        asked.told |= said.told
        if said.told.get("clock_ms") is not None:
            asked.told["ahead_ms"] = said.told["clock_ms"] - self._place.clock()
        asked.readings += readings
        asked.since = self._place.now()
        if said.state == ACCEPTED:
            self._leave_waiting(asked)
            asked.state = ACCEPTED
            self._open[asked.key] = asked
            self._note(asked, (WAITING, SENT), ACCEPTED, "device.command_accepted")
        elif said.state in (DONE, REFUSED):
            act = "device.command_done" if said.state == DONE else "device.command_refused"
            self._end(asked, said.state, act)

    def _end(self, asked: _Asked, state: str, act: str, told: Mapping[str, Any] | None = None, note: str = "") -> None:
        self._leave_waiting(asked)
        if self._open.get(asked.key) is asked:
            del self._open[asked.key]
        asked.state = state
        asked.told |= told or {}
        self._note(asked, (WAITING, SENT, ACCEPTED, NO_ANSWER), state, act, note=note)
        self._try(asked.key)

    def _note(
        self,
        asked: _Asked,
        frm: tuple[str, ...],
        to: str,
        act: str,
        then: Callable[[bool], None] | None = None,
        **more: Any,
    ) -> None:
        asked.unsettled += 1

        def settled(kept: bool) -> None:
            asked.unsettled -= 1
            if then is not None:
                then(kept)
            elif asked.state == WAITING:
                self._try(asked.key)

        told, readings = dict(asked.told), asked.readings
        self._place.note(
            Step(asked.question, frm, to, act, settled, mark=asked.mark, answer=told, readings=readings, **more)
        )

    def _voice(self, key: Key) -> _Voice | None:
        """How this device can be spoken to now: only over a connection whose credential still holds."""
        voice, link = self._voices.get(key), self._place.taking.links.get(key)
        if voice is None or link is None or not link.secret_hash:
            return None
        return voice if hmac.compare_digest(voice.digest, link.secret_hash) else None

    def _marked(self, key: Key, mark: str) -> _Asked | None:
        """The command that answers with this mark are for; one that ended is known for a day."""
        known = self._known.get(key)
        asked = known.get(mark) if known and mark else None
        if asked is None or (asked.state not in commands.OPEN and self._place.now() - asked.since > LATE_S):
            return None
        return asked

    def _leave_waiting(self, asked: _Asked) -> None:
        those = [one for one in self._waiting.get(asked.key, ()) if one is not asked]
        if those:
            self._waiting[asked.key] = those
        else:
            self._waiting.pop(asked.key, None)

    def _remember(self, asked: _Asked) -> None:
        known = self._known.setdefault(asked.key, OrderedDict())
        marks = [asked.mark]
        if asked.question.protocol == "hj212" and asked.question.kind in (commands.HISTORY, commands.READ_CLOCK):
            # The edition of 2005 answers with the command alone.
            marks.append(f"{asked.question.arguments.get('of', '1011')}?")
        for mark in marks:
            known[mark] = asked
            known.move_to_end(mark)
        while len(known) > REMEMBERED * 2:
            known.popitem(last=False)


def _fits(state: str, said: Said) -> bool:
    """Whether a word can still change a command in this state."""
    if said.state in (DONE, REFUSED):
        return state in (WAITING, SENT, ACCEPTED, NO_ANSWER)
    if said.state == ACCEPTED:
        return state in (WAITING, SENT)
    return state in (WAITING, SENT, ACCEPTED)
