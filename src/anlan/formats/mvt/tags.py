"""What the features of a layer say of themselves: keys, distinct values, and the numbers that features call them by.

Every key and every value stands in a layer once; a feature names them by their places. The type of a column decides how
its values are written: string, bool, int (int64), uint (uint64) or float (float32 or float64). Values are the same only
within one of these types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counting
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .wire import B1, I8, U1, U8, Field, delimited, interleave, messages, sizes, varint


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A column of strings as places in a list.

    codes  int[n]; below 0 where the value is missing
    words  the strings that codes count from 0; those that no row uses are not written
    """

    codes: NDArray[np.integer[Any]]
    words: Sequence[str]


#: One attribute of all features: a numpy array of bool, int, uint or float (NaN, or masked in a masked array, where it
#: is missing), `Words`, or a sequence of strings and None.
Column: TypeAlias = NDArray[Any] | Words | Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Tags:
    """The attributes of the drawn features.

    names  the fields `keys` and `values` of the layer, bytes
    pairs  varints of the packed field `tags` of each feature
    size   how many bytes these take for each feature
    """

    names: bytes
    pairs: list[Field]
    size: I8


class _Said(NamedTuple):
    """What a column says at the drawn rows.

    number    int64[k]: the place of the row's value in `distinct`, or among the words of the layer; 0 in a gap
    distinct  its distinct numbers, ascending; None for strings
    present   bool[k]: where it says something; None for everywhere
    """

    number: I8
    distinct: NDArray[Any] | None
    present: B1 | None


#: Field of the message Value for each type of numbers: the number of the field and its wire type.
_TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.bool_): 0x38,
    np.dtype(np.int64): 0x20,
    np.dtype(np.uint64): 0x28,
    np.dtype(np.float32): 0x15,
    np.dtype(np.float64): 0x19,
}
#: The type that holds the numbers of a kind of numpy types without loss.
_WIDE = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64}
_KEYS, _VALUES, _STRING = 0x1A, 0x22, 0x0A
#: A table over the span of integers is quicker than sorting them while it is not much longer than they are many.
_TABLE = 4


def tags(columns: Mapping[str, Column], rows: I8, count: int) -> Tags:
    """Attributes of the features at `rows`.

    columns  by the name of the attribute, all of `count` rows
    rows     int64[k], the features that are drawn

    Raises ValueError, naming the column, for one of another length or type, or with a code beyond its words.
    """
    # A string is given its number when it is first asked for.
    words: defaultdict[str, int] = defaultdict(counting().__next__)
    said = {}
    for name, column in columns.items():
        try:
            one = _say(column, rows, count, words)
        except ValueError as error:
            raise ValueError(f"attribute {name!r}: {error}") from error
        if one.present is None or one.present.any():
            said[name] = one
    values, numbers = _numbered(list(said.values()))
    pairs: list[Field] = []
    size = np.zeros(rows.size, np.int64)
    for key, (one, number) in enumerate(zip(said.values(), numbers, strict=True)):
        pairs += (Field(key, one.present), Field(number, one.present))
        taken = sizes(number) + len(varint(key))
        size += taken if one.present is None else taken * one.present
    keys = b"".join(delimited(_KEYS, _utf8(name)) for name in said)
    return Tags(keys + values + _strings(list(words)), pairs, size)


def _numbered(said: Sequence[_Said]) -> tuple[bytes, list[U8]]:
    """Fields `values` of the numbers, before which no word stands, and the number of each row's value by column."""
    written = []
    number_of: dict[int, I8] = {}
    known = 0
    for dtype, tag in _TYPES.items():
        parts = [(at, one.distinct) for at, one in enumerate(said) if one.distinct is not None]
        alike = {at: distinct for at, distinct in parts if distinct.dtype == dtype}
        if alike:
            whole, places = _union(list(alike.values()))
            number_of |= {at: (known + place)[said[at].number] for at, place in zip(alike, places, strict=True)}
            written.append(_values(whole, tag).tobytes())
            known += whole.size
    number_of |= {at: known + one.number for at, one in enumerate(said) if one.distinct is None}
    return b"".join(written), [number_of[at].view(np.uint64) for at in range(len(said))]


def _union(parts: list[NDArray[Any]]) -> tuple[NDArray[Any], list[I8]]:
    """Distinct values of several arrays without repeats, and the places of each array's values among them."""
    if len(parts) == 1:
        return parts[0], [np.arange(parts[0].size)]
    whole, place = np.unique(np.concatenate(parts), return_inverse=True)
    return whole, np.split(place, np.cumsum([part.size for part in parts])[:-1])


def _values(numbers: NDArray[Any], tag: int) -> U1:
    if numbers.dtype.kind == "f":
        raw = numbers.astype(numbers.dtype.newbyteorder("<")).view(np.uint8).reshape(numbers.size, -1)
        head = np.array([_VALUES, raw.shape[1] + 1, tag], np.uint8)
        return np.hstack((np.broadcast_to(head, (numbers.size, 3)), raw)).ravel()
    plain = numbers.astype(np.uint64)
    size = (1 + sizes(plain)).view(np.uint64)
    return messages(numbers.size, [Field(_VALUES), Field(size), Field(tag), Field(plain)])[0]


def _strings(words: list[str]) -> bytes:
    """Fields `values` of strings."""
    content = np.frombuffer(_utf8("".join(words)), np.uint8)
    # Bytes 10xxxxxx continue a character, so that the others tell where each word of so many characters ends.
    starts = np.append(np.flatnonzero(content & 0xC0 != 0x80), content.size)
    ends = starts[np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))]
    length = np.diff(ends, prepend=0)
    plain = length.view(np.uint64)
    message = (1 + sizes(plain) + length).view(np.uint64)
    heads, head_size = messages(len(words), [Field(_VALUES), Field(message), Field(_STRING), Field(plain)])
    return interleave(heads, head_size, content, length).tobytes()


def _say(column: Column, rows: I8, count: int, words: defaultdict[str, int]) -> _Said:
    """What a column says at these rows; `words` gives each string its number.

    Raises ValueError for a column of another length or type.
    """
    codes = np.asarray(column.codes) if isinstance(column, Words) else column
    shape = codes.shape if isinstance(codes, np.ndarray) else (len(codes),)
    if shape != (count,):
        raise ValueError(f"it has the shape {shape}, and there are {count} features")
    if isinstance(column, Words):
        return _say_codes(np.asarray(codes)[rows], column.words, words)
    if isinstance(column, np.ndarray) and column.dtype.kind in _WIDE:
        return _say_numbers(column[rows])
    texts: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    chosen = texts if rows.size == count else [texts[row] for row in rows.tolist()]
    known = [text for text in chosen if text is not None]
    gaps = None if len(known) == len(chosen) else np.array([text is not None for text in chosen])
    return _Said(_spread(_number(known, words), gaps), None, gaps)


def _say_numbers(column: NDArray[Any]) -> _Said:
    values = np.ma.getdata(column)
    if values.dtype not in _TYPES:
        values = values.astype(_WIDE[values.dtype.kind])
    missing = np.ma.getmaskarray(column) | np.isnan(values)
    present = ~missing if missing.any() else None
    distinct, place = _distinct(values if present is None else values[present])
    return _Said(_spread(place, present), distinct, present)


def _say_codes(codes: NDArray[Any], texts: Sequence[str], words: defaultdict[str, int]) -> _Said:
    if codes.dtype.kind not in "iu":
        raise ValueError(f"its codes are whole numbers, not {codes.dtype}")
    present = codes >= 0 if codes.min(initial=0) < 0 else None
    distinct, place = _distinct(codes if present is None else codes[present])
    if distinct.size and distinct[-1] >= len(texts):
        raise ValueError(f"code {distinct[-1]} is beyond its {len(texts)} words")
    number = _number([texts[code] for code in distinct.tolist()], words)[place]
    return _Said(_spread(number, present), None, present)


def _number(texts: Sequence[Any], words: defaultdict[str, int]) -> I8:
    """The number of each text among the words of the layer."""
    odd = sorted(kind.__name__ for kind in set(map(type, texts)) if not issubclass(kind, str))
    if odd:
        raise ValueError(f"strings and None, or an array of numbers are needed, not {', '.join(odd)}")
    return np.fromiter(map(words.__getitem__, texts), np.int64, len(texts))


def _spread(number: I8, present: B1 | None) -> I8:
    """The numbers of the rows that are present, each at its row."""
    if present is None:
        return number
    whole = np.zeros(present.size, np.int64)
    whole[present] = number
    return whole


def _distinct(values: NDArray[Any]) -> tuple[NDArray[Any], I8]:
    """Distinct values, ascending, and the place of each row's value among them."""
    if values.dtype.kind != "f" and values.size:
        plain = values.view(np.uint8) if values.dtype == np.bool_ else values
        low, high = plain.min(), plain.max()
        if int(high) - int(low) < _TABLE * values.size:
            offset = (plain - low).astype(np.int64)
            seen = np.zeros(int(high) - int(low) + 1, np.bool_)
            seen[offset] = True
            return (np.flatnonzero(seen).astype(plain.dtype) + low).astype(values.dtype), (np.cumsum(seen) - 1)[offset]
    return np.unique(values, return_inverse=True)


def _utf8(word: str) -> bytes:
    # Half a surrogate pair, as broken device texts hold it, is no reason to refuse a whole tile.
    return word.encode("utf-8", "replace")
