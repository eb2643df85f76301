"""Protocol buffers as a vector tile needs them, written for whole columns at a time.

Every number of a tile but its floats is a varint, and so are field tags and lengths. A row of messages is therefore a
matrix of bytes, one column for each byte that a field may take, and a mask of the bytes that each row does take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

B1 = NDArray[np.bool_]
U1 = NDArray[np.uint8]
U8 = NDArray[np.uint64]
I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

#: Bits that a byte of a varint carries; the eighth says that another byte follows.
_BITS = 7


class Field(NamedTuple):
    """One varint of each message of a row of messages.

    values   uint64[n], or one number for all of them
    present  bool[n]: which messages have it; None for all
    """

    values: U8 | int
    present: B1 | None = None


def sizes(values: U8) -> I8:
    """Bytes that each value takes as a varint, 1 … 10."""
    size = np.ones(values.shape, np.int64)
    for bits in range(_BITS, int(values.max(initial=0)).bit_length(), _BITS):
        size += values >= np.uint64(1 << bits)
    return size


def zigzag(values: I8) -> U8:
    """Small numbers of either sign as small numbers: 0, -1, 1, -2 … become 0, 1, 2, 3 …"""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def messages(count: int, fields: Sequence[Field]) -> tuple[U1, I8]:
    """`count` messages of varints, one behind the other.

    returns  their bytes, and how many of them belong to each message, int64[count]
    """
    widths = [_width(values) for values, _present in fields]
    content = np.empty((count, sum(widths)), np.uint8)
    used = np.ones(content.shape, np.bool_)
    size = np.full(count, sum(widths))
    column = 0
    for (values, present), width in zip(fields, widths, strict=True):
        for place in range(width):
            reached = present
            if isinstance(values, int):
                content[:, column] = varint(values)[place]
            else:
                rest = values >> np.uint64(_BITS * place)
                content[:, column] = rest.astype(np.uint8)
                if place < width - 1:
                    content[:, column] = content[:, column] & 127 | (rest > 127).view(np.uint8) << _BITS
                if place:
                    reached = rest > 0 if present is None else present & (rest > 0)
            if reached is not None:
                used[:, column] = reached
                size += reached
                size -= 1
            column += 1
    return np.compress(used.ravel(), content.ravel()), size


def interleave(heads: U1, head_size: I8, bodies: U1, body_size: I8) -> U1:
    """The bytes of the first head, of the first body, of the second head, of the second body and so on."""
    size = np.stack((head_size, body_size), axis=1).ravel()
    is_body = np.repeat(np.arange(size.size) % 2 == 1, size)
    whole = np.empty(heads.size + bodies.size, np.uint8)
    whole[is_body] = bodies
    whole[~is_body] = heads
    return whole


def varint(value: int) -> bytes:
    """One number of at least 0 as a varint."""
    content = bytearray()
    while value > 127:
        content.append(value & 127 | 128)
        value >>= _BITS
    content.append(value)
    return bytes(content)


def delimited(tag: int, content: bytes) -> bytes:
    """A field that holds bytes: its tag, their number, the bytes."""
    return varint(tag) + varint(len(content)) + content


def _width(values: U8 | int) -> int:
    """Most bytes that one of these values takes."""
    most = values if isinstance(values, int) else int(values.max(initial=0))
    return max(1, -(-most.bit_length() // _BITS))
