"""Arrays and a header in one file that another process maps instead of copying; nothing in it is executed."""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_MAGIC = b"ANLANPK1"
#: Arrays begin at multiples of this, so that numpy may map them.
_STEP = 16
#: Types that may be mapped: numbers only.
_TYPES = frozenset({"|u1", "<u2", "<u4", "<u8", "<i4", "<i8", "<f8"})


def write_packed(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a header (JSON values) and one-dimensional arrays of numbers by name."""
    places: list[tuple[str, str, int, int]] = []
    at = 0
    for name, array in arrays.items():
        kind = array.dtype.newbyteorder("<").str
        if array.ndim != 1 or kind not in _TYPES:
            raise ValueError(f"{name} is no row of numbers that can be packed")
        places.append((name, kind, at, array.size))
        at += -(-array.nbytes // _STEP) * _STEP
    head = json.dumps({"header": header, "arrays": places}, ensure_ascii=False).encode()
    with path.open("wb") as file:
        file.write(_MAGIC + len(head).to_bytes(8, "little") + head)
        file.write(bytes(-file.tell() % _STEP))
        for array in arrays.values():
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
            file.write(bytes(-array.nbytes % _STEP))


def open_packed(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The header and the arrays, mapped read-only: the file may be unlinked, the arrays keep it.

    Raises ValueError for a file that was not written whole.
    """
    with path.open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if whole[:8] != _MAGIC:
        raise ValueError("not a packed file")
    size = int.from_bytes(whole[8:16], "little")
    said = json.loads(whole[16 : 16 + size])
    begin = -(-(16 + size) // _STEP) * _STEP
    arrays: dict[str, Array] = {}
    for name, kind, at, count in said["arrays"]:
        if kind not in _TYPES:
            raise ValueError(f"{name} is no row of numbers")
        arrays[name] = np.frombuffer(whole, kind, count, begin + at)
    return said["header"], arrays
