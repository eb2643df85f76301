"""The mappings of a moment: which takes a topic, and which device is behind a vendor's number."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from anlan.formats.vendor_json import BadMapping, BadTopic, Mapping, Pattern, read_mapping, read_topic
from anlan.gateways.topics import EVERY_DEVICE
from anlan.gateways.vendors.records import DRAFT, IN_FORCE, LinkRow, Row
from anlan.kernel.sensing.door.mapped import Linked

log = logging.getLogger("anlan.mqtt")

#: Topics whose mapping is remembered.
MOST_TOPICS = 10_000


@dataclass(frozen=True, slots=True)
class Held:
    """A mapping that messages go through; `mapping` is None for one that can no longer be read."""

    row: Row
    pattern: Pattern
    mapping: Mapping | None


@dataclass(slots=True)
class Table:
    """Mappings and devices as they were read; never changed afterwards."""

    held: tuple[Held, ...] = ()
    links: dict[tuple[str, str], tuple[int, Linked]] = field(default_factory=dict)
    #: Filters that a broker may still know of us and that nothing wants any more.
    ended: frozenset[str] = frozenset()
    _by_topic: dict[str, tuple[Held, ...]] = field(default_factory=dict)

    @property
    def filters(self) -> frozenset[str]:
        """What is to be subscribed to."""
        return frozenset(one.pattern.filter for one in self.held)

    def takers(self, topic: str) -> tuple[Held, ...]:
        """Mappings that take a topic; more than one only where a database was changed by hand."""
        found = self._by_topic.get(topic)
        if found is None:
            found = tuple(one for one in self.held if one.pattern.parts(topic) is not None)
            if len(self._by_topic) >= MOST_TOPICS:
                self._by_topic.clear()
            self._by_topic[topic] = found
        return found

    def may_publish(self, device: str, topic: str) -> bool:
        """Whether a topic belongs to a device: its number stands there, or the level within which its numbers are."""
        for one in self.takers(topic):
            if one.mapping is None:
                continue
            parts = one.pattern.parts(topic) or {}
            source = one.mapping.body.device
            if source.part in parts:
                link = self.links.get((one.row.code, parts[source.part]))
                if link is not None and link[1].device == device:
                    return True
            elif source.within in parts:
                begin = f"{parts[source.within]}/"
                for (code, number), (_pk, linked) in self.links.items():
                    if linked.device == device and code == one.row.code and number.startswith(begin):
                        return True
        return False


def table_of(rows: Iterable[Row], links: Iterable[LinkRow], before: Table) -> Table:
    """The table of what the records hold; a mapping that is as before is not read again."""
    known = {(one.row.code, one.row.version, one.row.body): one for one in before.held}
    held, ended = [], set()
    for row in rows:
        try:
            pattern = read_topic(row.topic)
        except BadTopic:
            log.exception("the topic of the mapping %s cannot be read", row.code)
            continue
        if row.state != IN_FORCE and not (row.state == DRAFT and row.listening):
            ended.add(pattern.filter)
            continue
        same = known.get((row.code, row.version, row.body))
        if same is not None and same.row == row:
            held.append(same)
        else:
            held.append(Held(row, pattern, _read(row)))
    wanted = {one.pattern.filter for one in held} | {EVERY_DEVICE}
    linked = {(one.code, one.number): (one.pk, Linked(one.device, one.sensors)) for one in links}
    return Table(tuple(held), linked, frozenset(ended - wanted))


def _read(row: Row) -> Mapping | None:
    try:
        return read_mapping(msgspec.json.decode(row.body))
    except (BadMapping, msgspec.DecodeError) as error:
        log.error("the mapping %s version %d cannot be used: %s", row.code, row.version, error)
        return None
