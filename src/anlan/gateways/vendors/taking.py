"""From a vendor's message to what is committed for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from anlan.formats.devices import Value
from anlan.formats.vendor_json import Fault, Mapped, Mapping, evaluate
from anlan.gateways.vendors.notes import HOUR_MS, Notes
from anlan.gateways.vendors.records import IN_FORCE, VendorRecords
from anlan.gateways.vendors.table import Held, Table, table_of
from anlan.kernel.sensing.door.bodies import KEPT, BadBody, Sender
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.door.mapped import (
    Fate,
    Linked,
    Placed,
    batch_key,
    columns_of,
    kept_text,
    placed,
    refused_fault,
    refused_point,
)
from anlan.kernel.sensing.door.taking import batch_of_readings, digest_of
from anlan.kernel.sensing.store import LIVE, NewBatch, Refused

log = logging.getLogger("anlan.mqtt")

#: Sender of what cannot be laid at a device's door, as for messages of our own form.
NOBODY = "mqtt"
#: Seconds between two looks at the mappings; counters are written every `WRITE_EVERY` looks.
LOOK_S, WRITE_EVERY = 1.0, 5
#: Rows that are set aside of one message.
MOST_ROWS = 20


@dataclass(slots=True)
class Vendors:
    """Messages against mappings and devices of now."""

    records: VendorRecords
    directory: Directory
    notes: Notes = field(default_factory=Notes)
    table: Table = field(default_factory=Table)
    _stop: threading.Event = field(default_factory=threading.Event)

    def refresh(self) -> bool:
        """Read mappings and devices; whether other topics are wanted than before. Raises Away."""
        before = self.table
        self.table = table_of(self.records.mappings(), self.records.links(), before)
        return (self.table.filters, self.table.ended) != (before.filters, before.ended)

    def keep_fresh(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Look again and again in a thread of its own until the returned function is called; `changed` is told when
        other topics are wanted. An unreachable database is borne."""
        thread = threading.Thread(target=self._run, args=(changed,), name="mappings", daemon=True)
        thread.start()

        def stop() -> None:
            self._stop.set()
            thread.join(timeout=5)

        return stop

    def _run(self, changed: Callable[[], None]) -> None:
        looks = 0
        while not self._stop.wait(LOOK_S):
            looks += 1
            try:
                if self.refresh():
                    changed()
            except Away as error:
                log.warning("mappings cannot be read, going on with those known: %s", error)
            if looks % WRITE_EVERY == 0:
                self.notes.write(self.records)
        self.notes.write(self.records)
        self.records.close()

    def batches(self, topic: str, body: bytes, delivery: str, now_ms: int) -> list[NewBatch]:
        """What is to be committed for a message.

        delivery  what tells this message from the next of the same bytes, the same when it is delivered again
        """
        takers = self.table.takers(topic)
        if len(takers) != 1:
            kind = "two_mappings" if takers else "no_mapping"
            return self._aside("", topic, body, Fault(kind, "", topic[:60]), now_ms)
        held = takers[0]
        if held.row.state != IN_FORCE:
            return self._aside(held.row.code, topic, body, Fault("draft_mapping"), now_ms)
        if held.mapping is None:
            return self._aside(held.row.code, topic, body, Fault("bad_mapping"), now_ms)
        # Of one look at the records: a mapping and its devices change together.
        return _Message(self, held, held.mapping, topic, body, delivery, now_ms).batches()

    def _aside(self, code: str, topic: str, body: bytes, fault: Fault, now_ms: int) -> list[NewBatch]:
        """A message that no mapping reads: counted, and the first of an hour kept."""
        raw = kept_text(body, "utf-8")
        self.notes.fault(code, "", fault.kind, "", raw, now_ms)
        if not self.notes.may_keep(now_ms, code, fault.kind):
            return []
        row = Refused(-1, "topic", fault.kind, WHY[fault.kind], topic[:120], raw=raw)
        key = f"{batch_key(code, 0, topic, body)}:{now_ms // HOUR_MS}"
        return [NewBatch(NOBODY, key, LIVE, 0, b"", digest_of(body), refused=(row,))]


WHY = {
    "no_mapping": "No mapping in force takes this topic.",
    "two_mappings": "More than one mapping takes this topic: end one of them.",
    "draft_mapping": "The mapping is a draft and only listens.",
    "bad_mapping": "The mapping cannot be used by this version; save it again.",
}


class _Message:
    """One message under way."""

    def __init__(
        self, vendors: Vendors, held: Held, mapping: Mapping, topic: str, body: bytes, delivery: str, now_ms: int
    ) -> None:
        self.notes, self.directory, self.links = vendors.notes, vendors.directory, vendors.table.links
        self.code, self.version, self.mapping = held.row.code, held.row.version, mapping
        self.topic, self.body, self.now_ms = topic, body, now_ms
        self.raw = kept_text(body, mapping.body.text)
        self.key = batch_key(self.code, self.version, topic, body, delivery if mapping.is_by_arrival else "")

    def batches(self) -> list[NewBatch]:
        found = evaluate(self.mapping, self.topic, self.body, self.now_ms)
        made: list[NewBatch] = []
        by_number: dict[str, list[Value]] = {}
        for value in found.values:
            by_number.setdefault(value.device, []).append(value)
        for number, values in by_number.items():
            link = self.links.get((self.code, number))
            sender = self.directory.named(link[1].device) if link is not None else None
            if link is None or sender is None:
                made += self._stranger(number, values)
                continue
            self.notes.hear(link[0], self.now_ms)
            made += self._of_device(number, values, link[1], sender)
        return made + self._faults(found, self._only(by_number))

    def _only(self, by_number: Iterable[str]) -> str:
        """The number at whose door the faults of this message are laid; "" when it is not certain."""
        numbers = list(by_number)
        part = self.mapping.body.device.part
        if part:
            return (self.mapping.topic.parts(self.topic) or {}).get(part, "")
        return numbers[0] if len(numbers) == 1 else ""

    def _of_device(self, number: str, values: list[Value], link: Linked, sender: Sender) -> list[NewBatch]:
        taken: list[Placed] = []
        refused: list[Refused] = []
        for place, value in enumerate(values):
            one = placed(value, link, sender)
            if one.fate is Fate.TAKEN:
                taken.append(one)
            elif one.fate is Fate.UNKNOWN_POINT:
                self.notes.fault(self.code, number, "unknown_point", value.sensor, self.raw, self.now_ms)
                keep = len(refused) < KEPT and self.notes.may_keep(
                    self.now_ms, self.code, number, "sensor", value.sensor, most=1
                )
                if keep:
                    refused.append(refused_point(place, one, self.raw))
        if not taken and not refused:
            return []
        raw = self.topic.encode("utf-8", "surrogatepass") + b"\0" + self.body
        try:
            return [batch_of_readings(raw, self.key, sender, sender.lane, columns_of(taken), refused, self.now_ms)]
        except BadBody as error:
            self.notes.fault(self.code, number, error.code, error.field, self.raw, self.now_ms)
            row = Refused(-1, error.field, error.code, error.why, self.topic[:120], raw=self.raw)
            return self._set_aside(sender.code, error.code, (row,))

    def _stranger(self, number: str, values: list[Value]) -> list[NewBatch]:
        """A number that nobody registered, or whose device was revoked: a person sees it and decides."""
        self.notes.call(self.code, number, self.topic, self.raw, self.now_ms)
        if not self.notes.may_keep(self.now_ms, self.code, number, "unknown_device"):
            return []
        why = f"No device is registered for the number {number} of this mapping."
        row = Refused(-1, "device", "unknown_device", why, self.topic[:120], values[0].time_ms, raw=self.raw)
        return self._set_aside(NOBODY, f"unknown_device:{number}", (row,))

    def _faults(self, found: Mapped, number: str) -> list[NewBatch]:
        """Faults of the message: each counted, one row a kind kept within the bounds of an hour."""
        first: dict[str, Fault] = {}
        for fault in found.faults:
            first.setdefault(fault.kind, fault)
        rows: list[Refused] = []
        # A number that nobody registered has no counter of its own: anybody could invent one.
        counted = number if (self.code, number) in self.links else ""
        for kind, times in found.counts.items():
            fault = first.get(kind, Fault(kind))
            self.notes.fault(self.code, counted, kind, fault.path, self.raw, self.now_ms, times)
            if len(rows) < MOST_ROWS and self.notes.may_keep(self.now_ms, self.code, number, kind):
                rows.append(refused_fault(fault, self.topic, self.raw))
        if not rows:
            return []
        link = self.links.get((self.code, number))
        known = link is not None and link[1].device in self.directory.known
        return self._set_aside(link[1].device if link is not None and known else NOBODY, "faults", tuple(rows))

    def _set_aside(self, sender: str, what: str, rows: tuple[Refused, ...]) -> list[NewBatch]:
        key = f"{self.key}:{what}"
        if len(key) > 120:
            key = f"{self.key[:60]}:{digest_of(key.encode()).hex()}"
        return [NewBatch(sender, key, LIVE, 0, b"", digest_of(self.body), refused=rows)]
