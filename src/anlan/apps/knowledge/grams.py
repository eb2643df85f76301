"""Substring search over Chinese text by the places of single signs and pairs of signs.

A document's searched text is a row of segments (title, number, each clause's number, heading and text) with a sign
between them that nobody can type. A word of one sign is looked up; a longer one is where its pairs stand one after
another, which is exact without looking at the text again. Nothing here knows the database.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.uint32]

#: Stands between segments; cleaned texts never hold it.
SEPARATOR = "\x00"
#: Words of one question, and signs of one word.
MOST_WORDS, MOST_SIGNS = 8, 60
#: Quotation marks around a phrase whose spaces count.
_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』"}


class Field(IntEnum):
    """What a segment is, in the order in which hits are shown."""

    TITLE = 0
    NUMBER = 1
    TEXT = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of searched text. `unit` and `position`: of the clause, -1 for the document's own title and number."""

    text: str
    field: Field
    unit: int = -1
    position: int = -1


class _Folds(dict[int, str]):
    """Each sign as it is compared: full width as half width, capitals as small letters; always one sign for one."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        for fold in (lambda one: unicodedata.normalize("NFKC", one), str.lower):
            folded = fold(sign)
            sign = folded if len(folded) == 1 else sign
        if sign.isspace():
            sign = " "
        self[code] = sign
        return sign


_folds = _Folds()


def folded(text: str) -> str:
    """A text as it is compared; as long as the text itself."""
    return text.translate(_folds)


@dataclass(frozen=True, slots=True)
class Layout:
    """Segments by where they begin: starts rises; fields, units and positions stand beside it."""

    starts: Offsets
    fields: NDArray[np.int32]
    units: NDArray[np.int32]
    positions: NDArray[np.int32]

    def packed(self) -> bytes:
        """As bytes, for `unpack`."""
        rows = (self.starts.astype("<i4"), self.fields, self.units, self.positions)
        return np.concatenate([row.astype("<i4") for row in rows]).tobytes()

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Layout:
        """The layout of what `packed` gave."""
        starts, fields, units, positions = np.frombuffer(data, "<i4").reshape(4, -1)
        return cls(starts.astype(np.uint32), fields, units, positions)


def build(segments: Iterable[Segment]) -> tuple[Layout, dict[str, bytes]]:
    """The layout of a document, and the places of every gram in it."""
    kept = [segment for segment in segments if segment.text]
    texts = [folded(segment.text.replace(SEPARATOR, "")) for segment in kept]
    lengths = np.array([len(text) + 1 for text in texts], np.int64)
    layout = Layout(
        (np.cumsum(lengths) - lengths).astype(np.uint32),
        np.array([segment.field for segment in kept], np.int32),
        np.array([segment.unit for segment in kept], np.int32),
        np.array([segment.position for segment in kept], np.int32),
    )
    whole = SEPARATOR.join(texts) + SEPARATOR
    signs = np.frombuffer(whole.encode("utf-32-le", "replace"), "<u4").astype(np.uint64)
    every = np.arange(signs.size, dtype=np.uint32)
    grams = _grouped(signs, every, signs != 0)
    if signs.size > 1:
        pairs = signs[:-1] << np.uint64(32) | signs[1:]
        grams |= _grouped(pairs, every[:-1], (signs[:-1] != 0) & (signs[1:] != 0), pairs=True)
    return layout, grams


def _grouped(
    keys: NDArray[np.uint64], places: Offsets, taken: NDArray[np.bool_], *, pairs: bool = False
) -> dict[str, bytes]:
    keys, places = keys[taken], places[taken]
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order].astype("<u4")
    cuts = np.flatnonzero(np.diff(keys)) + 1
    firsts = keys[np.concatenate([[0], cuts])] if keys.size else keys
    low = np.uint64(0xFFFFFFFF)
    names = [chr(int(key >> np.uint64(32))) + chr(int(key & low)) if pairs else chr(int(key)) for key in firsts]
    return {name: part.tobytes() for name, part in zip(names, np.split(places, cuts), strict=False)}


def words_of(typed: str) -> tuple[str, ...]:
    """The words of a question as they are compared: parted by spaces, phrases in quotation marks kept whole."""
    found: list[str] = []
    rest = " ".join(typed.replace(SEPARATOR, "").split())
    while rest and len(found) < MOST_WORDS:
        if rest[0] in _QUOTES and (end := rest.find(_QUOTES[rest[0]], 1)) > 0:
            word, rest = rest[1:end].strip(), rest[end + 1 :].strip()
        else:
            word, _space, rest = rest.partition(" ")
        if word:
            found.append(folded(word[:MOST_SIGNS]))
    return tuple(dict.fromkeys(found))


def grams_of(word: str) -> tuple[str, ...]:
    """The grams that tell where a word stands: every second pair, and the last."""
    if len(word) == 1:
        return (word,)
    return tuple(word[at : at + 2] for at in sorted(_spots(word)))


def _spots(word: str) -> set[int]:
    """Places in a word of the pairs that cover it."""
    return {*range(0, len(word) - 1, 2), len(word) - 2}


def places_of(word: str, postings: Mapping[str, Offsets]) -> Offsets:
    """Where a word begins in a document, rising; empty where it does not stand."""
    nothing = np.empty(0, np.uint32)
    if len(word) == 1:
        return postings.get(word, nothing)
    spots = sorted(_spots(word), key=lambda at: len(postings.get(word[at : at + 2], ())))
    found: NDArray[np.int64] | None = None
    for at in spots:
        here = postings.get(word[at : at + 2])
        if here is None:
            return nothing
        begins = here.astype(np.int64) - at
        found = begins if found is None else np.intersect1d(found, begins, assume_unique=True)
        if not found.size:
            return nothing
    return nothing if found is None else found[found >= 0].astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit in which the words stand; `unit` -1: the document itself. `field` the best of them, `count` how often."""

    unit: int
    field: Field
    count: int


def hits_in(layout: Layout, words: Sequence[str], postings: Mapping[str, Offsets]) -> list[Hit]:
    """Units of one document in which all words stand, in reading order.

    A word that stands in the document's title or number counts for each of its clauses, so that a law and a word in it
    may be asked for together; at least one word stands in the clause itself. The document itself is a hit when all of
    them stand in its title or number.
    """
    size = int(layout.units.max()) + 2 if layout.units.size else 1
    every, some = np.ones(size, bool), np.zeros(size, bool)
    counts = np.zeros(size, np.int64)
    best = np.full(size, int(Field.TEXT))
    for word in words:
        places = places_of(word, postings)
        if not places.size:
            return []
        segments = np.searchsorted(layout.starts, places, "right") - 1
        units = layout.units[segments] + 1  # 0 is the document itself
        here = np.zeros(size, bool)
        here[units] = True
        some |= here
        every &= here | here[0]
        np.add.at(counts, units, 1)
        np.minimum.at(best, units, layout.fields[segments])
    return [
        Hit(int(unit) - 1, Field(int(best[unit])), int(counts[unit])) for unit in np.flatnonzero(every & some)
    ]  # fmt: skip
