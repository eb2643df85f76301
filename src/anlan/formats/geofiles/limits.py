"""How much of a map file is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading.

    bytes         of the file
    unpacked      bytes of all parts of an archive together
    ratio         unpacked bytes per packed byte of a part over 1 MiB
    parts         of an archive
    depth         of nesting: XML elements, collections, values of properties
    features      of the file
    vertices      of one feature
    all_vertices  of the file
    text          signs of one text
    seconds       of the whole reading in its process
    memory        MiB of the reading process above what it has when it starts
    """

    bytes: int = 20 << 20
    unpacked: int = 100 << 20
    ratio: int = 200
    parts: int = 1_000
    depth: int = 32
    features: int = 100_000
    vertices: int = 10_000
    all_vertices: int = 2_000_000
    text: int = 100_000
    seconds: float = 5.0
    memory: int = 1_024
