"""Features as they are used: mended geometry, properties, and everything that was found wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from anlan.formats.faults import Fault


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature.

    number      place in the file, from 1
    id          as the file gives it, "" for none
    geometry    valid, without heights, outer rings anticlockwise; None when there is none that can be used
    properties  by name
    place       folders that it stands in, "a/b", "" for none
    faults      what was mended, left out or is to be asked about this feature
    """

    number: int
    id: str
    geometry: BaseGeometry | None
    properties: Mapping[str, Any]
    place: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """What was read of a file.

    kind      geojson, kml or shp
    features  in the file's order
    system    coordinate system that the file states, as `coordinates.SYSTEMS` names it; "" when it states none or one
              that is not known there
    notes     faults of the file as a whole
    """

    kind: str
    features: tuple[Feature, ...]
    system: str = ""
    notes: tuple[Fault, ...] = field(default=())

    def geometries(self) -> NDArray[np.object_]:
        """The geometries, None where there is none."""
        found = np.empty(len(self.features), object)
        found[:] = [feature.geometry for feature in self.features]
        return found

    def faults(self) -> tuple[Fault, ...]:
        """Those of the file, then those of each feature in order."""
        return (*self.notes, *(fault for feature in self.features for fault in feature.faults))

    def packed(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Header and arrays for `packed.write_packed`."""
        shapes = [b"" if shape is None else shapely.to_wkb(shape) for shape in self.geometries()]
        said = [
            json.dumps(
                [one.number, one.id, one.place, one.properties, [fault.plain() for fault in one.faults]],
                ensure_ascii=False,
            ).encode()
            for one in self.features
        ]
        arrays: dict[str, NDArray[Any]] = {}
        for name, pieces in (("shape", shapes), ("said", said)):
            arrays[f"{name}s"] = np.frombuffer(b"".join(pieces), np.uint8)
            arrays[f"{name}_ends"] = np.cumsum([len(piece) for piece in pieces], dtype=np.uint64)
        return {"kind": self.kind, "system": self.system, "notes": [note.plain() for note in self.notes]}, arrays

    @classmethod
    def unpacked(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Features:
        """The features of a packed file."""
        features = []
        shapes, said = arrays["shapes"].data, arrays["saids"].data
        shape_at = said_at = 0
        for shape_end, said_end in zip(arrays["shape_ends"].tolist(), arrays["said_ends"].tolist(), strict=True):
            raw = bytes(shapes[shape_at:shape_end])
            number, name, place, properties, faults = json.loads(bytes(said[said_at:said_end]))
            geometry = shapely.from_wkb(raw) if raw else None
            features.append(Feature(number, name, geometry, properties, place, tuple(map(Fault.of, faults))))
            shape_at, said_at = shape_end, said_end
        return cls(header["kind"], tuple(features), header["system"], tuple(map(Fault.of, header["notes"])))
