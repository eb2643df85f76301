"""The columns of each register as this process holds them, brought up to the database before each question."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection, models
from numpy.typing import NDArray

from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.columns import reading
from anlan.kernel.registers.columns.reading import Chunk
from anlan.kernel.registers.columns.text import TextColumn
from anlan.kernel.registers.declarations import Register, declared
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.models import Head, Revision

log = logging.getLogger(__name__)

#: Orders kept for lists that are turned page by page; one takes 4 bytes a record.
ORDERS = 12
#: Answers kept: a page asks one question for its rows, its counts and its tabs, and its words come back with other
#: filters. One takes a byte a record.
ANSWERS = 16
#: Changed records that are put into the order of names one by one; more, and the database sorts anew.
ONE_BY_ONE = 64
#: Records in one question to the database.
AT_ONCE = 900


@dataclass(slots=True)
class Store:
    """One register: record `pk[slot]` has its values at `columns[name][slot]`; `here` says which slots are in use.

    version  the last change that is in; it and `pk` change only while `lock` is held
    born     stands for these columns in the keys of what others keep of them
    """

    register: Register
    lock: threading.RLock = field(default_factory=threading.RLock)
    version: int = -1
    born: object = field(default_factory=object)
    pk: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    here: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    words: TextColumn = field(default_factory=TextColumn)
    latin: TextColumn = field(default_factory=lambda: TextColumn(np.uint8))
    listed: reading.Words = field(default_factory=dict)
    shapes: dict[int, Any] = field(default_factory=dict)
    names: NDArray[np.int32] | None = None  # slots in the order of names
    orders: dict[Any, NDArray[np.int32]] = field(default_factory=dict)
    found: dict[Any, NDArray[np.bool_]] = field(default_factory=dict)  # answers to the last questions
    used: dict[str, frozenset[str]] = field(default_factory=dict)  # as `words_used` gave them

    @property
    def size(self) -> int:
        return int(self.pk.size)

    def sync(self, head: int | None = None) -> None:
        """Take in what was changed since the last question; everything at the first one.

        head  number of the last change, where the caller has just read it
        """
        if head is None:
            head = Head.objects.filter(register=self.register.code).values_list("n", flat=True).first() or 0
        if head == self.version:
            return
        if self.version < 0:
            self._load(head)
            return
        changes = Revision.objects.filter(register=self.register.code, n__gt=self.version).order_by("n")
        rows = list(changes.values_list("n", "record", "batch_id"))
        self._take_in({record for _n, record, _batch in rows if record is not None})
        for _n, record, batch in rows:
            if record is None and batch is not None:
                self._take_batch(batch)
        self.version = max((n for n, *_ in rows), default=head)
        self._forget_answers()

    def _forget_answers(self) -> None:
        self.orders.clear()
        self.found.clear()
        self.used.clear()

    def slots_of(self, pks: Iterable[int]) -> NDArray[np.int64]:
        """Slots of records by number; those that are not here are left out."""
        wanted = np.array(sorted(set(pks)), np.int64)
        at = np.searchsorted(self.pk, wanted)
        fits = at < self.size
        at, wanted = at[fits], wanted[fits]
        at = at[self.pk[at] == wanted]
        return at[self.here[at]]

    def order(self, spec: tuple[tuple[str, bool], ...]) -> NDArray[np.int32]:
        """All slots in the order of `spec`, pairs of a field and whether it runs down; names decide what is equal."""
        kept = self.orders.get(spec)
        if kept is None:
            kept = self._sorted(spec)
            while len(self.orders) >= ORDERS:
                self.orders.pop(next(iter(self.orders)))
            self.orders[spec] = kept
        return kept

    def answer(self, question: Any, ask: Callable[[], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Which slots fit a question: `ask()`, or the kept answer while nothing has changed. Not to be written to."""
        kept = self.found.get(question)
        if kept is None:
            kept = ask()
            while len(self.found) >= ANSWERS:
                self.found.pop(next(iter(self.found)))
            self.found[question] = kept
        return kept

    def words_used(self, name: str) -> frozenset[str]:
        """The texts of a listed field that any record has; kept while nothing has changed."""
        if name not in self.used:
            present = set(np.unique(self.columns[name][self.here]).tolist()) - {0}
            listed = self.listed.get(name, {})
            self.used[name] = frozenset(word for word, number in listed.items() if number in present)
        return self.used[name]

    # --- loading ------------------------------------------------------------------------------------------------
    def _load(self, head: int) -> None:
        began = time.monotonic()
        every = reading.as_one(self.register, reading.read(self.register, self.listed))
        self.pk, self.columns = every.pks, every.columns
        self.here = np.ones(self.pk.size, np.bool_)
        self.words.build([every.words])
        self.latin.build([every.latin])
        self.shapes = reading.shapes(self.register)
        self.names = None
        self._forget_answers()
        self.version = head
        if (took := time.monotonic() - began) > 1:
            log.info("register %s: %s records read in %.1f s", self.register.code, self.size, took)

    def _take_in(self, pks: set[int]) -> None:
        """Read changed records again; those that are no longer visible leave."""
        parts = list(_parts(sorted(pks)))
        chunks = (chunk for part in parts for chunk in reading.read(self.register, self.listed, part))
        found = reading.as_one(self.register, chunks)
        self._drop(pks)
        if found.pks.size:
            self._put(found)
        for part in parts:
            self.shapes.update(reading.shapes(self.register, part))

    def _take_batch(self, batch: int) -> None:
        """Read again what a batch wrote: it is visible now, or no longer."""
        self._take_in(
            set(Revision.objects.filter(batch_id=batch, record__isnull=False).values_list("record", flat=True))
        )

    def _drop(self, pks: set[int]) -> None:
        slots = self.slots_of(pks)
        self.here[slots] = False
        for pk in pks:
            self.shapes.pop(pk, None)

    def _put(self, chunk: Chunk) -> None:
        at = np.searchsorted(self.pk, chunk.pks)
        known = np.zeros(at.size, np.bool_)
        inside = at < self.size
        known[inside] = self.pk[at[inside]] == chunk.pks[inside]
        self._overwrite(chunk, at, known)
        if not known.all():
            self._insert(chunk, ~known)
        self._place_names(chunk.pks)

    def _overwrite(self, chunk: Chunk, at: NDArray[np.int64], known: NDArray[np.bool_]) -> None:
        slots = at[known]
        for name, column in self.columns.items():
            column[slots] = chunk.columns[name][known]
        self.here[slots] = True
        which = np.flatnonzero(known).tolist()
        self.words.put({int(at[k]): chunk.words[k] for k in which})
        self.latin.put({int(at[k]): chunk.latin[k] for k in which})

    def _insert(self, chunk: Chunk, new: NDArray[np.bool_]) -> None:
        """Put new records behind the last; an older number (a batch that was published later) sorts everything anew."""
        which = np.flatnonzero(new)
        behind = self.size == 0 or int(chunk.pks[which[0]]) > int(self.pk[-1])
        first = self.size
        self.pk = np.concatenate([self.pk, chunk.pks[which]])
        self.here = np.concatenate([self.here, np.ones(which.size, np.bool_)])
        for name in self.columns:
            self.columns[name] = np.concatenate([self.columns[name], chunk.columns[name][which]])
        self.words.put({first + k: chunk.words[row] for k, row in enumerate(which.tolist())})
        self.latin.put({first + k: chunk.latin[row] for k, row in enumerate(which.tolist())})
        if not behind:
            self._sort_by_number()

    def _sort_by_number(self) -> None:
        by = np.argsort(self.pk, kind="stable")
        self.pk, self.here = self.pk[by], self.here[by]
        self.columns = {name: column[by] for name, column in self.columns.items()}
        for text in (self.words, self.latin):
            text.build([[text.row(slot) for slot in by.tolist()]])
        self.names = None

    # --- order --------------------------------------------------------------------------------------------------
    def in_order_of_names(self) -> NDArray[np.int32]:
        """All slots in the order of names, dead ones among them."""
        if self.names is None:
            pks = np.fromiter(self._sorted_by("sort_key"), np.int64)
            slots = np.searchsorted(self.pk, pks)
            inside = slots < self.size
            slots, pks = slots[inside], pks[inside]
            found = slots[self.pk[slots] == pks].astype(np.int32)
            left = np.setdiff1d(np.arange(self.size, dtype=np.int32), found)
            self.names = np.concatenate([found, left])
        return self.names

    def _sorted_by(self, column: str) -> Iterable[int]:
        rows = self.register.model.records.order_by(column, "pk").values_list("pk", flat=True)
        return rows.iterator(chunk_size=20_000)

    def _place_names(self, pks: NDArray[np.int64]) -> None:
        """Keep the order of names after a change: a few records are put in their place, many sort anew."""
        if self.names is None:
            return
        if pks.size > ONE_BY_ONE:
            self.names = None
            return
        slots = self.slots_of(pks.tolist()).astype(np.int32)
        order = self.names[~np.isin(self.names, slots)]
        records = self.register.model.records
        keys = dict(records.filter(pk__in=pks.tolist()).values_list("pk", "sort_key"))
        for slot in sorted(slots.tolist(), key=lambda slot: (keys[int(self.pk[slot])], int(self.pk[slot]))):
            order = np.insert(order, self._place_of(int(self.pk[slot]), keys, order), slot)
        self.names = order

    def _place_of(self, pk: int, keys: dict[int, str], order: NDArray[np.int32]) -> int:
        """Where in `order` a record belongs: behind the nearest one before it that is in."""
        rows = self.register.model.records.exclude(pk=pk)
        before = models.Q(sort_key__lt=keys[pk]) | models.Q(sort_key=keys[pk], pk__lt=pk)
        for other in rows.filter(before).order_by("-sort_key", "-pk").values_list("pk", flat=True)[:AT_ONCE]:
            at = np.searchsorted(self.pk, other)
            if at < self.size and self.pk[at] == other:
                found = np.flatnonzero(order == at)
                if found.size:
                    return int(found[0]) + 1
        return 0

    def _sorted(self, spec: tuple[tuple[str, bool], ...]) -> NDArray[np.int32]:
        by_name = self.in_order_of_names()
        if not spec or spec[0] == ("name", False):
            return by_name
        if spec[0] == ("name", True):
            return by_name[::-1]
        keys = [self._key(name, down)[by_name] for name, down in spec]
        return by_name[np.lexsort(keys[::-1])]

    def _key(self, name: str, down: bool) -> NDArray[np.float64]:
        """A number a slot by which it sorts; empty values come last in both directions."""
        values, empty = self._comparable(name)
        return np.where(empty, np.inf, -values if down else values)

    def _comparable(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Numbers that sort as a person sorts the values of a field, and which of them stand for no value."""
        if name == "name":
            ranks = np.empty(self.size, np.float64)
            ranks[self.in_order_of_names()] = np.arange(self.size)
            return ranks, np.zeros(self.size, np.bool_)
        if name == "code":
            return _ranks_of(self.pk, list(self._sorted_by("code"))), np.zeros(self.size, np.bool_)
        kind = self.register.info(name).kind
        if kind in reading.PRESENT:
            return self._ranks_of_text(name)
        values = self.columns[name]
        empty = is_empty(kind, values)
        if kind is Kind.REGION:
            return _ranks_of(values, [node.id for node in sorted(regions.tree().by_id.values(), key=_by_code)]), empty
        if kind is Kind.RECORD:
            return _ranks_of(values, _related_in_order(self.register.info(name).related)), empty
        return values.astype(np.float64), empty

    def _ranks_of_text(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Free text sorts by its GB 18030 bytes: common Chinese signs stand there in the order of their pinyin."""
        ranks = np.full(self.size, np.nan)
        pks: list[NDArray[np.int64]] = []
        keys: list[NDArray[np.bytes_]] = []
        for some, texts in reading.texts(self.register, name):
            pks.append(np.array(some, np.int64))
            keys.append(np.array([text.lower().encode("gb18030") for text in texts], np.bytes_))
        if pks:
            numbers = np.concatenate(pks)
            _kept, steps = np.unique(np.concatenate(keys), return_inverse=True)
            at = np.searchsorted(self.pk, numbers)
            inside = at < self.size
            inside[inside] = self.pk[at[inside]] == numbers[inside]
            ranks[at[inside]] = steps[inside]
        return ranks, np.isnan(ranks)


def is_empty(kind: Kind, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values of a column stand for none."""
    if kind in (Kind.INTEGER, Kind.NUMBER):
        return np.isnan(values)
    if kind is Kind.DATE:
        return np.asarray(values == reading.NO_DAY)
    if kind is Kind.MOMENT:
        return np.asarray(values == reading.NO_MOMENT)
    if kind in (Kind.CHOICE, Kind.FLAG):
        return np.asarray(values == reading.NO_CODE)
    return np.asarray(values == 0)


def _by_code(node: regions.Node) -> str:
    return node.path


def _ranks_of(values: NDArray[np.int64], in_order: Sequence[int]) -> NDArray[np.float64]:
    """The place of each number in a list of numbers; those that are not in it come behind."""
    numbers = np.array(in_order, np.int64)
    by = np.argsort(numbers)
    at = np.clip(np.searchsorted(numbers[by], values), 0, max(numbers.size - 1, 0))
    if not numbers.size:
        return np.zeros(values.size)
    return np.where(numbers[by][at] == values, by[at], numbers.size).astype(np.float64)


def _related_in_order(model: Any) -> list[int]:
    return list(model.records.order_by("sort_key", "pk").values_list("pk", flat=True))


def _parts(pks: Sequence[int]) -> Iterable[list[int]]:
    return (list(pks[at : at + AT_ONCE]) for at in range(0, len(pks), AT_ONCE))


_stores: dict[str, Store] = {}
_making = threading.Lock()
_moment: ContextVar[dict[str, int] | None] = ContextVar("moment", default=None)


def of(register: Register, head: int | None = None) -> Store:
    """The columns of a register, level with the database. Hold `lock` while you use them.

    head  as `Store.sync`

    Raises RuntimeError inside an open transaction: what it had written would stay here if it were rolled back.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("the columns of a register are asked outside of transactions")
    with _making:
        store = _stores.setdefault(register.code, Store(register))
    with store.lock:
        if head is None and (moment := _moment.get()) is not None:
            # Another thread may have come further meanwhile; nobody goes back.
            head = max(moment.get(register.code, 0), store.version)
        store.sync(head)
    return store


def heads() -> dict[str, int]:
    """Number of the last change of every register, in one question; a register without changes is left out."""
    moment = _moment.get()
    return dict(Head.objects.values_list("register", "n")) if moment is None else moment


@contextmanager
def one_moment() -> Iterator[None]:
    """Ask the database once how far the registers have come, and hold to it: what stands on one page fits together."""
    token = _moment.set(heads())
    try:
        yield
    finally:
        _moment.reset(token)


def warm() -> None:
    """Read every register before the first person asks; called in the background when a web process starts."""
    for register in declared():
        of(register)


def forget() -> None:
    """Drop everything that this process holds; the next question reads it again."""
    with _making:
        _stores.clear()
