"""Readings of a message of HJ 212 in normal form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from anlan.formats.devices import Value, beijing_ms
from anlan.formats.hj212.factors import factor
from anlan.formats.hj212.message import Message

#: What the flag of a factor says of its value. Only "good" is fit to raise an alarm; the rest stays visible.
QUALITIES: Final = {
    "N": "good",
    "F": "stopped",
    "M": "maintenance",
    "S": "manual",
    "D": "fault",
    "C": "calibration",
    "T": "over_range",
    "B": "no_link",
}
#: Fields whose unit is the factor's own; Cou has that of emissions.
_MEASURED: Final = frozenset({"Rtd", "Min", "Avg", "Max", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax"})
_SUMMED: Final = frozenset({"Cou"})
_COUNTED: Final = frozenset({"ValidNum", "TotalNum"})

#: Every byte but those that stand between names and texts.
_NO_SIGNS: Final = bytes(sorted(set(range(256)) - set(b",;=")))
_EVEN: Final = re.compile(rb"(?:=[,;])*=").fullmatch
_ITEMS: Final = re.compile(r"([^=,;]+)=([^,;]*)").findall
#: Roles of an item.
_VALUE, _FLAG, _SAMPLED, _TIME, _OTHER = range(5)


@lru_cache(maxsize=4096)
def _is_even(signs: bytes) -> bool:
    """Whether names and texts follow each other in turn."""
    return _EVEN(signs) is not None


@lru_cache(maxsize=4096)
def _role(name: str) -> tuple[int, str, str, str, bool]:
    """(role, code, sensor, unit, known) of an item by its name: w01018-Rtd, 011-Flag, DataTime."""
    code, sign, field = name.partition("-")
    if not sign:
        return (_TIME if name in ("DataTime", "AlarmTime") else _OTHER), "", "", "", False
    if field == "Flag":
        return _FLAG, code, "", "", False
    if field == "SampleTime":
        return _SAMPLED, code, "", "", False
    if field.endswith("Time") or not field:
        return _OTHER, "", "", "", False
    found = factor(code)
    if found is None:
        return _VALUE, code, name, "", False
    # A code of equipment keeps the number of its device.
    sensor = name if "x" in found.code else f"{found.code}-{field}"
    if field in _MEASURED:
        return _VALUE, code, sensor, found.unit, True
    if field in _SUMMED:
        return _VALUE, code, sensor, found.emission_unit, True
    return _VALUE, code, sensor, "", field in _COUNTED


def values(message: Message) -> list[Value]:
    """The readings.

    A value's time is its own SampleTime, else the DataTime before it. `quality` is a word of `QUALITIES`, "missing" for
    an empty value and "unknown" for a flag that is in no table. Without a flag a value counts as good: the edition of
    2005 sends it so.
    """
    data = message.data
    if "_" not in data and _is_even(data.encode("utf-8", "replace").translate(None, _NO_SIGNS)):
        flat = data.replace(",", ";").replace("=", ";").split(";")
        plan = _plan(tuple(flat[::2]))
        if plan is not None:
            return _planned(message.device, plan, flat[1::2])
    return _one_by_one(message.device, data)


class _Plan(NamedTuple):
    """What a row of names means: the place of its time, and of each reading the places of text and flag; -1: none."""

    time: int
    readings: tuple[tuple[int, int, str, str, str, bool], ...]


@lru_cache(maxsize=1024)
def _plan(names: tuple[str, ...]) -> _Plan | None:
    """The plan of a row of names, which a device sends again and again; None for one that is no plain row."""
    time, current, flagged = -1, "", False
    readings: list[tuple[int, int, str, str, str, bool]] = []
    unflagged: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        role, code, sensor, unit, known = _role(name)
        if role == _OTHER:
            continue
        if role == _SAMPLED or (role == _TIME and (time >= 0 or readings)):
            return None
        if role == _TIME:
            time = place
            continue
        if code != current:
            current, flagged = code, False
        if flagged:
            return None
        if role == _VALUE:
            unflagged.setdefault(code, []).append(len(readings))
            readings.append((place, -1, sensor, unit, name, known))
        else:
            flagged = True
            for one in unflagged.pop(code, ()):
                readings[one] = (readings[one][0], place, *readings[one][2:])
    return _Plan(time, tuple(readings))


def _planned(device: str, plan: _Plan, texts: list[str]) -> list[Value]:
    made: list[Value] = []
    time = beijing_ms(texts[plan.time]) if plan.time >= 0 else None
    for place, flag, sensor, unit, name, known in plan.readings:
        text = texts[place]
        try:
            number = float(text)
        except ValueError:
            if not text:
                made.append(Value(device, sensor, time, None, unit, "missing", name, known))
            continue
        # float() takes "nan" and "inf"; a device that writes these has no number.
        if number - number == 0.0:
            said = "N" if flag < 0 else texts[flag]
            quality = "good" if said == "N" else QUALITIES.get(said, "unknown")
            made.append(Value(device, sensor, time, number, unit, quality, name, known))
    return made


def _one_by_one(device: str, data: str) -> list[Value]:
    """Readings of a row of any form.

    A flag is for all values of its factor since the last time or flag, wherever they stand, and for those that follow
    it: where it is not certain whose it is, it is rather held against a value than overlooked.
    """
    made: list[Value] = []
    unflagged: dict[str, list[int]] = {}
    time = sampled = None
    current, quality, first = "", "good", 0
    for name, text in _ITEMS(data):
        role, code, sensor, unit, known = _role(name)
        if role == _OTHER:
            continue
        if role == _TIME:
            time = beijing_ms(text)
            current = ""
            unflagged.clear()
            continue
        if code != current:
            current, quality, sampled, first = code, "good", time, len(made)
        if role == _VALUE:
            number = _number(text)
            if number is not None:
                unflagged.setdefault(code, []).append(len(made))
                made.append(Value(device, sensor, sampled, number, unit, quality, name, known))
            elif not text:
                made.append(Value(device, sensor, sampled, None, unit, "missing", name, known))
        elif role == _FLAG:
            quality = QUALITIES.get(text, "unknown")
            for place in unflagged.pop(code, ()):
                made[place] = replace(made[place], quality=quality)
        else:
            sampled = beijing_ms(text)
            for place in range(first, len(made)):
                made[place] = replace(made[place], time_ms=sampled)
    return made


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # float() takes "nan", "inf" and "1_0"; a device that writes these has no number.
    return number if number - number == 0.0 and "_" not in text else None
