"""Documents and files, told: warnings, messages of neighbours, places and tracks, earthquakes, waveforms, entities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from anlan.formats import cap, cot, gpx, mseed, quakeml, sensorthings
from anlan.formats.edxl import envelope, hospitals, resources, situations
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage, Finding, of_fault
from anlan.formats.sensorthings.entities import decoded
from anlan.formats.telling.told import MOST_HEAD, Item, Layer, Note, Row, short
from anlan.formats.trees import Bounds, Element, children, name_of, space_of, text_of, tree_of

#: What a document gives: items one by one, notes on the whole, layers.
Result = tuple[Iterator[Item], tuple[Note, ...], tuple[Layer, ...]]
#: Envelopes in envelopes that are opened, and messages of one envelope.
_DEEP, _MESSAGES = 2, 50
_BOUNDS: Final = Bounds(bytes=6 << 20)


def note_of(finding: Finding) -> Note:
    """A finding as it is told."""
    args = {name: value if isinstance(value, int | float) else _text(value) for name, value in finding.args.items()}
    return Note(finding.code, finding.where, args, finding.blocks)


def notes_of(error: BadMessage | Refused) -> tuple[Note, ...]:
    """Why nothing was read."""
    if isinstance(error, Refused):
        return (note_of(of_fault(error.fault)),)
    return tuple(map(note_of, error.findings))


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else short(value)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def _clock(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def flat(record: Any, before: str = "", *, without: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The values of a record with their paths; bytes of kept XML by their size."""
    for field in dataclasses.fields(record):
        if field.name in without:
            continue
        yield from _flat(getattr(record, field.name), f"{before}{field.name}")


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value is None or value in ("", ()):
        return
    if dataclasses.is_dataclass(value):
        yield from flat(value, f"{path}/")
    elif isinstance(value, tuple):
        if all(isinstance(one, str | int | float) for one in value):
            yield path, short(", ".join(map(str, value)))
        else:
            for number, one in enumerate(value, 1):
                yield from _flat(one, f"{path}[{number}]")
    elif isinstance(value, bytes):
        yield path, f"XML, {len(value)} B"
    else:
        yield path, short(value)


def _head(pairs: Iterator[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair, _number in zip(pairs, range(MOST_HEAD), strict=False))


def tell_cap(data: bytes, now: datetime) -> Result:
    """A warning with the verdict of each layer.

    Here nobody is trusted, because nothing is taken: a signature whose only fault is that its certificate leads to no
    configured one fits the message, and whose it is was not judged.
    """
    verdict = cap.check(data, trusted={}, now=now)
    layers: list[Layer] = []
    notes: list[Note] = []
    for layer in verdict.layers:
        told = list(map(note_of, layer.findings))
        ok = layer.ok
        if ok is False and {one.code for one in told if one.blocks} == {"certificate_unknown"}:
            ok = None
            told = [Note(one.code, one.where, one.args, blocks=False) for one in told]
        layers.append(Layer(layer.name, ok))
        # Layer by layer: whoever mends a message learns where to begin.
        notes += (Note(one.code, one.where, one.args, one.blocks, layer.name) for one in told)
    return _cap_items(verdict.alert), tuple(notes), tuple(layers)


def _cap_items(alert: cap.Alert | None) -> Iterator[Item]:
    if alert is None:
        return
    yield Item("warning", head=_head(flat(alert, without=("infos",))))
    for info in alert.infos:
        yield Item("info", head=_head(flat(info, without=("areas", "resources"))))
        for area in info.areas:
            yield Item("area", head=_head(flat(area)))
        for resource in info.resources:
            yield Item("resource", head=_head(flat(resource, without=("deref_uri",))))


def tell_edxl(data: bytes, now: datetime, deep: int = 0) -> Result:
    """An envelope with what it carries, or one of the messages by itself."""
    root = tree_of(data, "", _BOUNDS)
    name, space = name_of(root), space_of(root)
    if space == envelope.SPACE:
        opened = envelope.read(data, _BOUNDS)
        return _envelope(opened, now, deep), (), ()
    reading: Callable[[bytes, Bounds | None], tuple[Any, tuple[Finding, ...]]]
    if name in hospitals.KIND.roots:
        reading = hospitals.read
    elif name in situations.KIND.roots:
        reading = situations.read
    else:
        reading = resources.read
    message, findings = reading(data, _BOUNDS)
    return iter([Item("message", head=_head(flat(message)))]), tuple(map(note_of, findings)), ()


def _envelope(opened: envelope.Envelope, now: datetime, deep: int) -> Iterator[Item]:
    yield Item("envelope", head=_head(flat(opened, without=("contents",))))
    for content in opened.contents:
        yield Item("content", head=_head(flat(content)))
    for document in opened.messages[:_MESSAGES]:
        yield from _inside(document, now, deep)


def _inside(document: bytes, now: datetime, deep: int) -> Iterator[Item]:
    """A message in an envelope, by its kind; one that is wrong spoils no other."""
    root = tree_of(document)
    is_cap = name_of(root) == "alert"
    if not is_cap and ("edxl" not in space_of(root).lower() or deep >= _DEEP):
        yield Item("outline", head=_head(outline(root)))
        return
    try:
        found, notes, _layers = tell_cap(document, now) if is_cap else tell_edxl(document, now, deep + 1)
        first, *more = list(found) or [Item("bad")]
    except (BadMessage, Refused) as error:
        yield Item("bad", head=(("message", name_of(root)[:80]),), notes=notes_of(error))
        return
    yield Item(first.kind, first.at, first.head, first.rows, (*first.notes, *notes), first.raw)
    yield from more


def tell_cot(data: bytes, _now: datetime) -> Result:
    """One event after the other."""
    return _cot(data), (), ()


def _cot(data: bytes) -> Iterator[Item]:
    stream = cot.Stream(Bounds(bytes=6 << 20))
    documents = list(stream.fed(data))
    at = 0
    for document in documents or [data]:
        place = data.find(document, at)
        at = place + len(document)
        try:
            event = cot.read(document)
        except (BadMessage, Refused) as error:
            yield Item("bad", place, notes=notes_of(error), raw=document[:80].hex().upper())
            continue
        said = (("lat", event.latitude, "deg"), ("lon", event.longitude, "deg"), ("height", event.height_m, "m"))
        rows = (Row(event.uid, name, "", _ms(event.at), value, unit, "good") for name, value, unit in said)
        yield Item("event", place, _head(flat(event)), tuple(row for row in rows if row.value is not None))
    rest = data[at:].strip()
    if documents and rest:
        yield Item("bad", at, notes=(Note("truncated"),), raw=rest[:80].hex().upper())


def tell_gpx(data: bytes, _now: datetime) -> Result:
    """Tracks and routes by their extent, places one by one."""
    return _gpx(gpx.read(data)), (), ()


def _gpx(read: gpx.Gpx) -> Iterator[Item]:
    for kind, several in (("track", read.tracks), ("route", read.routes)):
        for one in several:
            fixes = [fix for segment in one.segments for fix in segment]
            times = sorted(fix.at for fix in fixes if fix.at is not None)
            head = [("name", one.name or ""), ("segments", str(len(one.segments))), ("points", str(len(fixes)))]
            if fixes:
                lat, lon = [fix.latitude for fix in fixes], [fix.longitude for fix in fixes]
                head += [
                    ("latitude", f"{min(lat):.6f} … {max(lat):.6f}"),
                    ("longitude", f"{min(lon):.6f} … {max(lon):.6f}"),
                ]
            if times:
                head += [("from", _clock(times[0])), ("to", _clock(times[-1]))]
            yield Item(kind, head=tuple((name, short(text)) for name, text in head if text), rows=tuple(_fixes(fixes)))
    if read.places:
        yield Item("places", head=(("points", str(len(read.places))),), rows=tuple(_fixes(read.places)))


def _fixes(fixes: Any) -> Iterator[Row]:
    for number, fix in enumerate(fixes, 1):
        name, at = short(fix.name or number), _ms(fix.at)
        yield Row(name, "lat", "", at, fix.latitude, "deg", "good")
        yield Row(name, "lon", "", at, fix.longitude, "deg", "good")
        if fix.height_m is not None:
            yield Row(name, "height", "", at, fix.height_m, "m", "good")


def tell_quakeml(data: bytes, _now: datetime) -> Result:
    """The events of a catalogue."""
    quakes, findings = quakeml.read(data)
    return (_quake(one) for one in quakes), tuple(map(note_of, findings)), ()


def _quake(one: quakeml.Quake) -> Item:
    said = (
        ("lat", one.latitude, "deg"),
        ("lon", one.longitude, "deg"),
        ("depth", one.depth_m, "m"),
        ("magnitude", one.magnitude, one.magnitude_type or ""),
    )
    rows = (Row(short(one.id), name, "", _ms(one.at), value, unit, "good") for name, value, unit in said)
    head = (("id", one.id), ("at", _clock(one.at)), ("type", one.type), ("description", one.description),
            ("agency", one.agency), ("status", one.status))  # fmt: skip
    told = tuple((name, short(text)) for name, text in head if text)
    return Item("quake", head=told, rows=tuple(row for row in rows if row.value is not None))


def tell_mseed(data: bytes, _now: datetime) -> Result:
    """Waveforms by channel, cut at gaps; a record that contradicts itself is told by itself."""
    recording = mseed.read(data)
    return _waveforms(recording), tuple(map(note_of, recording.findings)), ()


def _waveforms(recording: mseed.Recording) -> Iterator[Item]:
    good: list[mseed.Record] = []
    for record in recording.records:
        try:
            if record.count:
                record.samples()
        except BadMessage as bad:
            yield Item("bad", record.at, _record(record), notes=tuple(map(note_of, bad.findings)))
        else:
            if record.count and record.rate_hz:
                good.append(record)
            else:
                yield Item("record", record.at, _record(record))
    for part in mseed.joined(good):
        begin = datetime.fromtimestamp(part.start_us / 1e6, UTC)
        end = datetime.fromtimestamp(part.start_us / 1e6 + (part.samples.size - 1) / part.rate_hz, UTC)
        samples = part.samples.astype(np.float64)
        said = (("lowest", samples.min()), ("mean", samples.mean()), ("highest", samples.max()))
        rows = tuple(
            Row(part.source, name, "", part.start_us // 1000, float(value), "", "good") for name, value in said
        )
        head = (
            ("channel", part.source),
            ("from", _clock(begin)),
            ("to", _clock(end)),
            ("rate", f"{part.rate_hz:g} Hz"),
            ("samples", str(part.samples.size)),
        )
        yield Item("waveform", head=head, rows=rows)


def _record(record: mseed.Record) -> tuple[tuple[str, str], ...]:
    begin = _clock(datetime.fromtimestamp(record.start_us / 1e6, UTC))
    return (
        ("channel", record.source),
        ("from", begin),
        ("rate", f"{record.rate_hz:g} Hz"),
        ("samples", str(record.count)),
        ("encoding", str(record.encoding)),
    )


def tell_sensorthings(data: bytes, _now: datetime) -> Result:
    """Arrays of observations, or entities by what they hold; answers of a server with `value` are lists of them."""
    content = decoded(data)
    several = content.get("value", content) if isinstance(content, dict) else content
    all_ = several if isinstance(several, list) else [several]
    if any(isinstance(one, dict) and "dataArray" in one for one in all_):
        return _arrays(sensorthings.read_arrays(data)), (), ()
    return (_entity(one, number) for number, one in enumerate(all_, 1)), (), ()


def _arrays(arrays: tuple[sensorthings.DataArray, ...]) -> Iterator[Item]:
    for array in arrays:
        rows: list[Row] = []
        notes = list(map(note_of, array.findings))
        for row in array.rows:
            notes += map(note_of, row.findings)
            if row.observation is not None:
                rows.append(_observed(row.observation, f"Datastream {array.datastream}"))
        head = (("device", f"Datastream {array.datastream}"), ("records", str(len(array.rows))))
        yield Item("array", head=head, rows=tuple(rows), notes=tuple(notes))


def _observed(entity: sensorthings.Entity, device: str) -> Row:
    result = entity.values.get("result")
    number = float(result) if isinstance(result, int | float) and not isinstance(result, bool) else None
    at = entity.values.get("phenomenonTime")
    return Row(
        device,
        "result",
        "" if number is not None else short(result),
        _ms(getattr(at, "start", None)),
        number,
        "",
        "good" if number is not None else "text",
    )


#: An entity is of the kind whose needed properties it has.
_SIGNS: Final = (
    ("Observation", ("result",)),
    ("Datastream", ("unitOfMeasurement", "observationType")),
    ("FeatureOfInterest", ("encodingType", "feature")),
    ("Location", ("encodingType", "location")),
    ("Sensor", ("encodingType", "metadata")),
    ("ObservedProperty", ("definition",)),
    ("Thing", ("name", "description")),
)


def _entity(content: Any, number: int) -> Item:
    kind = next((kind for kind, signs in _SIGNS if isinstance(content, dict) and all(s in content for s in signs)), "")
    if not kind:
        return Item("bad", head=(("number", str(number)),), notes=(Note("wrong_shape"),))
    try:
        entity = sensorthings.read(kind, content, mode=sensorthings.Mode.ANSWER)
    except (BadMessage, Refused) as error:
        return Item("bad", head=(("kind", kind),), notes=notes_of(error))
    head = (("kind", kind), *((name, short(value)) for name, value in entity.values.items()))
    rows = (_observed(entity, kind),) if kind == "Observation" else ()
    return Item("entity", head=head[:MOST_HEAD], rows=rows)


def tell_xml(data: bytes, _now: datetime) -> Result:
    """An XML of which nobody here knows what it means: its elements and texts as they stand."""
    root = tree_of(data, "", _BOUNDS)
    head = (("root", name_of(root)), ("namespace", space_of(root)), *outline(root))
    return iter([Item("outline", head=tuple((name, short(text)) for name, text in head if text)[:MOST_HEAD])]), (), ()


def outline(root: Element) -> Iterator[tuple[str, str]]:
    """Paths of the elements and attributes that hold a text, in the document's order."""
    stack: list[tuple[Element, str]] = [(root, name_of(root))]
    while stack:
        element, path = stack.pop()
        for name, value in element.attrib.items():
            yield f"{path}/@{str(name).rpartition('}')[2]}", short(value)
        text = text_of(element).strip()
        if text:
            yield path, short(text)
        inside = list(children(element))
        seen: dict[str, int] = {}
        many = {name for name in map(name_of, inside) if sum(name_of(one) == name for one in inside[:_MESSAGES]) > 1}
        named = []
        for one in inside:
            name = name_of(one)
            seen[name] = seen.get(name, 0) + 1
            named.append((one, f"{path}/{name}[{seen[name]}]" if name in many else f"{path}/{name}"))
        stack += reversed(named)


TELLERS: Final[dict[str, Callable[[bytes, datetime], Result]]] = {
    "cap": tell_cap,
    "edxl": tell_edxl,
    "cot": tell_cot,
    "gpx": tell_gpx,
    "quakeml": tell_quakeml,
    "mseed": tell_mseed,
    "sensorthings": tell_sensorthings,
    "xml": tell_xml,
}
