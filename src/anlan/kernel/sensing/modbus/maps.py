"""A map of registers as people write it, in a table or a CSV, and as it is kept; all faults are told at once."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from anlan.formats import modbus
from anlan.formats.tables.quoting import quoted, unquoted
from anlan.kernel.sensing.modbus.models import ModbusLine, RegisterFunction, RegisterOrder, RegisterType
from anlan.kernel.sensing.services.devices import Refused

#: Columns of a map, with the headings under which they may stand in a CSV besides their own names.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "function": ("功能码",),
    "address": ("地址", "寄存器地址"),
    "type": ("类型", "数据类型"),
    "order": ("字节序", "字序"),
    "scale": ("倍率", "系数"),
    "offset": ("偏移", "偏移量"),
    "unit": ("单位",),
    "point": ("测点", "测点编码"),
    "name": ("名称", "备注"),
}
#: Lines of one map, bytes of a CSV, and faults that are spelt out before the rest is only counted.
MOST_LINES, LARGEST, SPELT = 2_000, 1_000_000, 30
_TYPES = {label: value for value, label in RegisterType.choices} | {value: value for value in RegisterType.values}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: value = number * scale + offset, in `unit`, for the point of that code ("" for none)."""

    function: int
    address: int
    type: str
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    point: str = ""
    name: str = ""

    @property
    def as_point(self) -> modbus.Point:
        """As the codec has it."""
        kind: Any = self.type
        order: Any = self.order
        return modbus.Point(self.point, self.function, self.address, kind, order, self.scale, self.offset, self.unit)


def cells_of(line: ModbusLine | Entry) -> dict[str, str]:
    """A line as it is shown for editing and written to a CSV."""
    point = line.point if isinstance(line, Entry) else (line.point.code if line.point else "")
    return {
        "function": str(line.function),
        "address": str(line.address),
        "type": str(RegisterType(line.type).label),
        "order": line.order,
        "scale": repr(line.scale).removesuffix(".0"),
        "offset": repr(line.offset).removesuffix(".0"),
        "unit": line.unit,
        "point": point,
        "name": line.name,
    }


def entries_of(rows: Iterable[tuple[int, Mapping[str, str]]]) -> list[Entry]:
    """Lines out of cells as people typed them; a row without an address is passed over.

    rows  the number by which a fault names it, and its cells

    Raises Refused with every fault.
    """
    entries: list[Entry] = []
    faults: list[str] = []
    for number, cells in rows:
        if not cells.get("address", "").strip():
            continue
        try:
            entries.append(_entry({name: cells.get(name, "").strip() for name in COLUMNS}))
        except ValueError as error:
            faults.append(_("Line %(n)d: %(why)s") % {"n": number, "why": error})
    refuse(faults)
    if len(entries) > MOST_LINES:
        raise Refused(_("A map has at most %(n)d lines") % {"n": MOST_LINES})
    return entries


def refuse(faults: Sequence[str]) -> None:
    """Raise Refused with these faults, the first of them spelt out; nothing without any."""
    if not faults:
        return
    more = [_("and %(n)d more") % {"n": len(faults) - SPELT}] if len(faults) > SPELT else []
    raise Refused("\n".join([*faults[:SPELT], *more]))


def _entry(cells: Mapping[str, str]) -> Entry:
    """One line. Raises ValueError with the reason in words."""
    function = _whole(cells["function"], _("function code"))
    if function not in RegisterFunction.values:
        raise ValueError(_("function %(n)d does not read; 1, 2, 3 and 4 do, and Anlan never writes") % {"n": function})
    bits = function in (RegisterFunction.COILS, RegisterFunction.INPUTS)
    kind = _TYPES.get((cells["type"] or ("bit" if bits else "uint16")).lower(), "")
    if not kind:
        raise ValueError(_("there is no type “%(type)s”") % {"type": cells["type"]})
    if (kind == RegisterType.BIT) != bits:
        raise ValueError(_("functions 1 and 2 read bits, 3 and 4 read registers"))
    order = (cells["order"] or "ABCD").upper()
    if order not in RegisterOrder.values:
        raise ValueError(_("the order is ABCD, CDAB, BADC or DCBA, and not “%(order)s”") % {"order": cells["order"]})
    scale = _number(cells["scale"] or "1", _("factor"))
    if scale == 0:
        raise ValueError(_("a factor of 0 makes every value the same"))
    entry = Entry(
        function=function,
        address=_whole(cells["address"], _("register address")),
        type=kind,
        order=order,
        scale=scale,
        offset=_number(cells["offset"] or "0", _("offset")),
        unit=cells["unit"][:20],
        point=cells["point"],
        name=cells["name"][:60],
    )
    if entry.address > 0x10000 - entry.as_point.size:
        raise ValueError(_("the address %(n)d lies beyond the last one, 65535") % {"n": entry.address})
    return entry


def _whole(text: str, what: str) -> int:
    """A whole number from 0 on, in hexadecimal behind 0x. Raises ValueError in words."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,8}", text):
        return int(text, 16 if text[1:2] in ("x", "X") else 10)
    raise ValueError(_("“%(text)s” is no %(what)s: write a whole number") % {"text": text[:40], "what": what})


def _number(text: str, what: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(_("“%(text)s” is no %(what)s: write a number") % {"text": text[:40], "what": what})
    return found


# --- CSV ------------------------------------------------------------------------------------------------------------


def written(lines: Iterable[ModbusLine]) -> bytes:
    """A map as CSV, UTF-8 with the mark by which spreadsheet programs know it."""
    out = io.StringIO(newline="")
    sheet = csv.writer(out)
    sheet.writerow(COLUMNS)
    for line in lines:
        cells = cells_of(line)
        # Numbers are numbers, a minus before them included; text that a spreadsheet would compute is quoted.
        sheet.writerow(quoted(cell) if name in ("unit", "point", "name") else cell for name, cell in cells.items())
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read(data: bytes) -> list[Entry]:
    """A map out of a CSV in UTF-8 or GB 18030. Raises Refused with every fault."""
    if len(data) > LARGEST:
        raise Refused(_("The file is larger than any map"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Refused(_("The file is no text in UTF-8 or GB 18030")) from error
    try:
        sheet = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Refused(_("The file is no CSV: %(why)s") % {"why": error}) from error
    if not sheet:
        raise Refused(_("The file is empty"))
    headings = [_heading(cell) for cell in sheet[0]]
    missing = [name for name in ("function", "address", "point") if name not in headings]
    if missing:
        raise Refused(_("The first line lacks these columns: %(columns)s") % {"columns": ", ".join(missing)})
    rows = []
    for number, row in enumerate(sheet[1:], start=2):
        cells = {name: unquoted(cell) for name, cell in zip(headings, row, strict=False) if name}
        if any(cell.strip() for cell in row) and not cells.get("address", "").strip():
            raise Refused(_("Line %(n)d: it has no address") % {"n": number})
        rows.append((number, cells))
    return entries_of(rows)


def _heading(cell: str) -> str:
    wanted = cell.strip().lower()
    return next((name for name, others in COLUMNS.items() if wanted == name or wanted in others), "")
