"""A reader of vector tiles for tests: plain loops over the bytes, and nothing shared with the encoder."""

from __future__ import annotations

import json
import math
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

#: Wire types of protocol buffers.
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5


@dataclass
class Read:
    """One feature: attributes, and paths of (x, y) as the commands draw them; `closed` when a path was closed."""

    id: int | None = None
    kind: int = 0
    attributes: dict[str, object] = field(default_factory=dict)
    paths: list[list[tuple[int, int]]] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)


@dataclass
class ReadLayer:
    """One layer; `values` as they stand in it, so that a repeat can be seen."""

    name: str
    version: int
    extent: int
    keys: list[str]
    values: list[object]
    features: list[Read]


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 128:
            return value, at


def fields(data: bytes) -> list[tuple[int, object]]:
    """Field numbers and contents of a message, in their order."""
    found, at = [], 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        content: object
        if wire == VARINT:
            content, at = varint(data, at)
        elif wire == BYTES:
            size, at = varint(data, at)
            assert at + size <= len(data), "a field reaches beyond its message"
            content, at = data[at : at + size], at + size
        else:
            size = {EIGHT: 8, FOUR: 4}[wire]
            content, at = data[at : at + size], at + size
        found.append((number, content))
    return found


def packed(data: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        numbers.append(number)
    return numbers


def value(data: bytes) -> object:
    ((number, content),) = fields(data)
    if number == 1:
        return content.decode()
    if number == 2:
        return struct.unpack("<f", content)[0]
    if number == 3:
        return struct.unpack("<d", content)[0]
    if number == 4:
        return content - (1 << 64) if content >> 63 else content
    if number == 5:
        return content
    assert number == 7
    return bool(content)


def drawn(commands: list[int], feature: Read) -> None:
    at, x, y = 0, 0, 0
    while at < len(commands):
        what, times = commands[at] & 7, commands[at] >> 3
        at += 1
        if what == 7:
            assert times == 1
            feature.closed[-1] = True
            continue
        for _time in range(times):
            x += (commands[at] >> 1) ^ -(commands[at] & 1)
            y += (commands[at + 1] >> 1) ^ -(commands[at + 1] & 1)
            at += 2
            if what == 1:
                feature.paths.append([])
                feature.closed.append(False)
            feature.paths[-1].append((x, y))


def read(tile: bytes) -> dict[str, ReadLayer]:
    """The layers of a tile by name; fails where a tile breaks a MUST of the specification."""
    layers: dict[str, ReadLayer] = {}
    for number, data in fields(tile):
        assert number == 3
        content = fields(data)
        assert content[0] == (15, 2), "the version stands first"
        keys = [one.decode() for number, one in content if number == 3]
        values = [one for number, one in content if number == 4]
        assert len(set(keys)) == len(keys)
        assert len(set(values)) == len(values)
        layer = ReadLayer(
            name=next(one for number, one in content if number == 1).decode(), version=2,
            extent=next(one for number, one in content if number == 5), keys=keys,
            values=list(map(value, values)), features=[],
        )  # fmt: skip
        assert layer.name not in layers
        layers[layer.name] = layer
        for one in (one for number, one in content if number == 2):
            feature = Read()
            layer.features.append(feature)
            parts = fields(one)
            feature.id = next((part for number, part in parts if number == 1), None)
            feature.kind = next(part for number, part in parts if number == 3)
            tags = packed(next((part for number, part in parts if number == 2), b""))
            feature.attributes = {
                keys[key]: layer.values[at] for key, at in zip(tags[::2], tags[1::2], strict=True)
            }  # fmt: skip
            drawn(packed(next(part for number, part in parts if number == 4)), feature)
    return layers


def area(path: list[tuple[int, int]]) -> float:
    """Signed area by the surveyor's formula, in a plane whose y points down."""
    ends = [*path[1:], path[0]]
    return sum(x * b - a * y for (x, y), (a, b) in zip(path, ends, strict=True)) / 2


def degrees(x: float, y: float, z: int = 0, tile_x: int = 0, tile_y: int = 0) -> tuple[float, float]:
    """Longitude and latitude of a place in a tile of 4096 units."""
    across, down = (tile_x + x / 4096) / (1 << z), (tile_y + y / 4096) / (1 << z)
    return across * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * down))))


def read_by_peer(tile: bytes) -> dict:
    """The tile as the PyPI package mapbox-vector-tile reads it, in the environment of the peers."""
    python = TOP / "var" / "peers" / "bin" / "python"
    program = (
        "import json, sys, mapbox_vector_tile as m\n"
        "print(json.dumps(m.decode(sys.stdin.buffer.read(), default_options={'y_coord_down': True})))"
    )
    if (
        not python.exists()
        or subprocess.run([python, "-c", "import mapbox_vector_tile"], capture_output=True).returncode
    ):
        pytest.skip("mapbox-vector-tile is not set up here; ./anlan bench tiles-peer does it")
    done = subprocess.run([python, "-c", program], input=tile, capture_output=True, check=True)
    return json.loads(done.stdout)
