"""How a message that was told reads on the page, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.formats.devices import FAULTS
from anlan.formats.faults import Fault
from anlan.formats.telling import Note
from anlan.kernel.registers.importing import wording
from anlan.kernel.sensing.words import fault_words
from anlan.kernel.web import finding_words
from anlan.kernel.web.formatting import bureau_time

#: Formats, by the keys of `formats.telling.FORMATS`.
FORMATS: Mapping[str, Any] = {
    "hj212": _("HJ 212: pollution sources, air, water, noise"),
    "sl651": _("SL 651: hydrological stations"),
    "jt808": _("JT/T 808: vehicles and teams"),
    "nmea": _("NMEA 0183: satellite receivers"),
    "modbus": _("Modbus TCP"),
    "geohazard": _("Geological hazards (JSON by MQTT)"),
    "senml": "SenML",
    "sensorthings": "SensorThings",
    "cap": _("CAP: warnings, GB/T 35965.1"),
    "edxl": _("EDXL: envelopes, resources, situation reports, hospitals"),
    "cot": "Cursor on Target",
    "gpx": _("GPX: tracks and places"),
    "quakeml": _("QuakeML: earthquakes"),
    "mseed": _("miniSEED: waveforms"),
    "xml": _("XML of unknown structure"),
}

VERDICTS: Mapping[str, tuple[str, Any]] = {
    "good": ("ok", _("All of it could be read.")),
    "odd": ("warn", _("All of it could be read; what is odd about it stands below.")),
    "mixed": ("warn", _("Part of it could not be read.")),
    "bad": ("dark", _("It could not be taken; why stands below.")),
    "unknown": ("dark", _("This is none of the formats that are known here.")),
    "outline": (
        "warn",
        _(
            "Nobody here knows the structure of this XML. "
            "Its elements and texts stand below as they are; none is interpreted."
        ),
    ),
}

LAYERS: Mapping[str, Any] = {
    "form": _("Form"),
    "schema": _("Schema"),
    "meaning": _("Meaning"),
    "signature": _("Signature"),
}

KINDS: Mapping[str, Any] = {
    "frame": _("Frame"),
    "payload": _("Payload"),
    "record": _("Record"),
    "event": _("Event"),
    "quake": _("Earthquake"),
    "track": _("Track"),
    "route": _("Route"),
    "places": _("Places"),
    "waveform": _("Waveform"),
    "warning": _("Warning"),
    "info": _("Information of a warning"),
    "area": _("Area of a warning"),
    "resource": _("Attached resource"),
    "envelope": _("Envelope"),
    "content": _("Content"),
    "message": _("Message"),
    "entity": _("Entity"),
    "array": _("Observations"),
    "outline": _("Elements and texts"),
    "bad": _("Cannot be read"),
}

#: What frames and files say of themselves; paths of documents stay as they are.
HEAD: Mapping[str, Any] = {
    "device": _("Device"),
    "command": _("Command"),
    "system": _("System"),
    "asked_at": _("Time of request"),
    "flag": _("Flag"),
    "packets": _("Packets"),
    "content": _("Content"),
    "centre": _("Centre"),
    "direction": _("Direction"),
    "function": _("Function code"),
    "coding": _("Coding"),
    "serial": _("Serial number"),
    "sent_at": _("Time of sending"),
    "unread": _("Kept as bytes, not interpreted"),
    "message": _("Message"),
    "edition": _("Edition"),
    "cipher": _("Encryption"),
    "talker": _("Talker"),
    "transaction": _("Transaction"),
    "unit_address": _("Modbus unit"),
    "exception": _("Exception"),
    "registers": _("Modbus registers"),
    "prefix": _("Bytes before the JSON"),
    "records": _("Records"),
    "texts": _("Texts"),
    "name": _("Name"),
    "segments": _("Segments"),
    "points": _("Number of points"),
    "latitude": _("Latitude"),
    "longitude": _("Longitude"),
    "from": _("First moment"),
    "to": _("Last moment"),
    "at": _("Time"),
    "type": _("Type"),
    "kind": _("Kind"),
    "description": _("Description"),
    "agency": _("Agency"),
    "status": _("Status"),
    "channel": _("Channel"),
    "rate": _("Sampling rate"),
    "samples": _("Samples"),
    "encoding": _("Encoding"),
    "root": _("Root element"),
    "namespace": _("Namespace"),
    "number": _("Number"),
}

#: Words of the codecs that stand in a head, by its name.
TEXTS: Mapping[str, Mapping[str, Any]] = {
    "direction": {"up": _("from the station"), "down": _("to the station")},
    "coding": {"hex": "HEX/BCD", "ascii": "ASCII"},
    "exception": {
        "illegal_function": _("function not supported"),
        "illegal_address": _("no such address"),
        "illegal_value": _("value not allowed"),
        "device_failure": _("device failure"),
        "busy": _("device busy"),
        "target_silent": _("no answer behind the gateway"),
    },
}

#: What of a head is a moment with its zone.
_MOMENTS = frozenset({"from", "to", "at"})

QUALITIES: Mapping[str, Any] = {
    "good": _("good"),
    "missing": _("missing"),
    "unreadable": _("unreadable"),
    "stopped": _("instrument stopped"),
    "maintenance": _("maintenance"),
    "manual": _("entered by hand"),
    "fault": _("instrument fault"),
    "calibration": _("calibration"),
    "over_range": _("beyond the range"),
    "no_link": _("no link"),
    "unknown": _("unknown flag"),
    "no_fix": _("no satellite fix"),
    "impossible": _("no place on Earth"),
    "text": _("text"),
}

#: What sensors that need no code book measure.
MEANINGS_OF: Mapping[str, Any] = {
    "lat": _("Latitude"),
    "lon": _("Longitude"),
    "altitude": _("Height"),
    "height": _("Height"),
    "speed": _("Speed"),
    "direction": _("Direction"),
    "mileage": _("Mileage"),
    "fuel": _("Fuel"),
    "depth": _("Depth"),
    "magnitude": _("Magnitude"),
    "lowest": _("Lowest"),
    "mean": _("Mean"),
    "highest": _("Highest"),
    "satellites": _("Satellites"),
}


def said(table: Mapping[str, Any], key: str) -> str:
    """The words for a key; the key itself where there are none."""
    return str(table.get(key, key))


def head_words(name: str, text: str) -> str:
    """What a head says: a word of the codec in words, a moment in the zone of the bureau, all else as it is."""
    if name in _MOMENTS:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return bureau_time(moment, seconds=True) if moment.tzinfo else text
    return said(TEXTS.get(name, {}), text)


def note_words(note: Note, *, frames: bool) -> str:
    """A sentence for what is odd or wrong; `frames`: of a device's frame, whose faults have words of their own."""
    if frames and note.code in FAULTS:
        return fault_words(note.code)
    if finding_words.knows(note.code):
        return finding_words.finding_words(note.code, note.args)
    if wording.knows(note.code):
        return wording.words_of(Fault(note.code, note.where, note.args))
    return fault_words(note.code)


def moment_of(time_ms: int | None) -> datetime | None:
    """A time that can be shown; a year beyond the calendar cannot."""
    if time_ms is None or not -62_000_000_000_000 < time_ms < 250_000_000_000_000:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC)
