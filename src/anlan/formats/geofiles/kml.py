"""KML, and KML in an archive (KMZ): placemarks with their folders; nothing is fetched that the file points to."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from anlan.formats.archives import Archive
from anlan.formats.faults import Fault, Refused
from anlan.formats.geofiles.drafts import Counter, Draft, Line, bounded
from anlan.formats.geofiles.limits import Limits
from anlan.formats.markup import BLOCK, Readable, local, read_xml
from anlan.formats.trees import plain_of

_GEOMETRIES = frozenset({"Point", "LineString", "LinearRing", "Polygon"})
#: Geometries that are more than places: moving, turned, built.
_UNREAD = frozenset({"Track", "MultiTrack", "Model"})
#: Texts of a placemark that become properties under their own name.
_TEXTS = frozenset({"name", "description", "address", "phoneNumber"})
#: Pictures laid over the ground or the screen.
_PICTURES = frozenset({"GroundOverlay", "ScreenOverlay", "PhotoOverlay"})
_CHINESE = re.compile(rb"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["'](?:gb2312|gbk|gb18030)["']""", re.IGNORECASE)
_AROUND_COMMA = re.compile(r"\s*,\s*")


def read_kml(path: Path, limits: Limits) -> tuple[list[Draft], list[Fault]]:
    """The placemarks of a KML file, and notes on the file.

    Raises Refused: `not_kml`, `network_link`, `doctype`, `broken_xml`, `too_deep` and the limits.
    """
    with path.open("rb") as stream:
        return _read(stream, limits)


def read_kmz(path: Path, limits: Limits) -> tuple[list[Draft], list[Fault]]:
    """The placemarks of the document in an archive; refusals as of `read_kml` and of `archives.Archive`."""
    with Archive(path, parts=limits.parts, unpacked=limits.unpacked, ratio=limits.ratio) as archive:
        archive.refuse_nested()
        documents = sorted((name for name in archive.names if name.lower().endswith(".kml")), key=_main_first)
        if not documents:
            raise Refused("missing_part", part="doc.kml")
        with archive.part(documents[0]) as stream:
            return _read(stream, limits)


def _main_first(name: str) -> tuple[bool, int, str]:
    return name.lower() != "doc.kml", name.count("/"), name


def _read(stream: Readable, limits: Limits) -> tuple[list[Draft], list[Fault]]:
    reader = _Reader(limits)
    begin = stream.read(BLOCK)
    read_xml(_Again(begin, stream), "kml", start=reader.start, end=reader.end, text=reader.data)
    if not reader.is_kml:
        raise Refused("not_kml")
    notes = [Fault("ignored_elements", "", {"elements": reader.pictures})] if reader.pictures else []
    return reader.drafts, notes


class _Again:
    """A stream from its first bytes on, which were read already; in UTF-8 where it says an encoding of this country.

    Programs here also write GB2312 and GBK, which the parser does not know by itself.
    """

    def __init__(self, begin: bytes, stream: Readable) -> None:
        if _CHINESE.match(begin):
            begin, stream = plain_of(begin + stream.read(), "kml"), io.BytesIO()
        self._begin, self._stream = begin, stream

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        begin, self._begin = self._begin, b""
        return begin or self._stream.read(size)


class _Reader:
    """Handlers of one document. `path` holds the local names of the open elements."""

    def __init__(self, limits: Limits) -> None:
        self.drafts: list[Draft] = []
        self.is_kml = False
        self.pictures = 0
        self._limits = limits
        self._counter = Counter(limits)
        self._path: list[str] = []
        self._folders: list[str] = []
        self._draft: Draft | None = None
        self._outer: Line | None = None
        self._holes: list[Line] = []
        self._collections = 0
        self._field = ""
        self._pieces: list[str] = []
        self._length = 0

    def start(self, name: str, given: Mapping[str, str]) -> None:
        kind = local(name)
        if not self._path:
            self.is_kml = kind == "kml"
        self._path.append(kind)
        if len(self._path) > self._limits.depth:
            raise Refused("too_deep", kind, limit=self._limits.depth)
        self._pieces, self._length = [], 0
        if kind == "NetworkLink":
            raise Refused("network_link")
        if kind in ("Folder", "Document"):
            self._folders.append("")
        elif kind in _PICTURES:
            self.pictures += 1
        elif kind == "Placemark":
            self._draft = Draft(
                len(self.drafts) + 1, given.get("id", "")[:200], place="/".join(filter(None, self._folders))
            )
            self._collections = 0
        elif self._draft is not None:
            self._start_inside(kind, given, self._draft)

    def _start_inside(self, kind: str, given: Mapping[str, str], draft: Draft) -> None:
        if kind in ("Data", "SimpleData"):
            self._field = given.get("name", "")[:200]
        elif kind == "MultiGeometry":
            self._collections += 1
            draft.multi = True
            if self._collections == 2:
                draft.fault("deep_collection")
        elif kind == "Polygon":
            self._outer, self._holes = None, []
        elif kind in _UNREAD:
            draft.fault("unknown_geometry", kind=kind)

    def data(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)
        # A text comes in pieces of a block; only coordinates may have many.
        if self._length > self._limits.text + BLOCK and self._path[-1] != "coordinates":
            raise Refused("text_too_long", self._path[-1], length=self._length, limit=self._limits.text)

    def end(self, _name: str) -> None:
        kind = self._path.pop()
        text = "".join(self._pieces).strip()
        self._pieces = []
        within = self._path[-1] if self._path else ""
        if kind == "name" and within in ("Folder", "Document"):
            self._folders[-1] = text[:200]
        elif kind in ("Folder", "Document"):
            self._folders.pop()
        elif self._draft is not None:
            self._end_inside(kind, within, text, self._draft)

    def _end_inside(self, kind: str, within: str, text: str, draft: Draft) -> None:
        if kind == "Placemark":
            if not (draft.points or draft.lines or draft.areas or draft.faults):
                draft.fault("no_geometry")
            self._counter.add(draft)
            self.drafts.append(draft)
            self._draft = None
        elif kind in _TEXTS and within == "Placemark":
            draft.properties[kind] = bounded(text, self._limits, str(draft.number))
        elif kind == "SimpleData" or (kind == "value" and within == "Data"):
            draft.properties.setdefault(self._field, bounded(text, self._limits, str(draft.number)))
        elif kind == "MultiGeometry":
            self._collections -= 1
        elif kind == "coordinates" and within in _GEOMETRIES:
            self._take(within, text, draft)
        elif kind == "Polygon":
            if self._outer is None:
                draft.fault("bad_geometry")
            else:
                draft.areas.append([self._outer, *self._holes])

    def _take(self, kind: str, text: str, draft: Draft) -> None:
        places = [place.split(",") for place in _AROUND_COMMA.sub(",", text).split()]
        try:
            found = np.array([[float(place[0]), float(place[1])] for place in places]).reshape(-1, 2)
        except (ValueError, IndexError):
            places = [[]]
        if not all(len(place) in (2, 3) for place in places):
            # Among them places with a comma between them as well as within.
            draft.fault("bad_geometry")
            return
        draft.heights |= any(len(place) > 2 and place[2].strip("0.") for place in places)
        if kind == "Point":
            draft.points.extend(found[at : at + 1] for at in range(min(len(found), 1)))
        elif kind == "LineString":
            draft.lines.append(found)
        elif "Polygon" not in self._path:
            # A ring of its own is an outline.
            draft.areas.append([found])
        elif "outerBoundaryIs" in self._path:
            self._outer = found
        else:
            self._holes.append(found)
