"""Workbooks built from their XML, honest ones and others, and the readers in this process."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from anlan.formats.tables.cells import address
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.reading import read_table
from anlan.formats.tables.sheets import Book

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Parts = dict[str, bytes]


def sheet_xml(rows: str, *, after: str = "", before: str = "") -> str:
    """A worksheet around the XML of its rows."""
    return f'{DECLARED}<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def cell_xml(row: int, column: int, value: object, style: int = 0) -> str:
    """A cell of a text, a number or a yes."""
    head = f'<c r="{address(row, column)}"' + (f' s="{style}"' if style else "")
    if isinstance(value, bool):
        return f'{head} t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | float):
        return f"{head}><v>{value!r}</v></c>"
    return f'{head} t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def rows_xml(rows: Sequence[Sequence[object]], top: int = 1, left: int = 1) -> str:
    """Rows of values; None is no cell."""
    said = []
    for row, values in enumerate(rows, top):
        cells = (cell_xml(row, column, value) for column, value in enumerate(values, left) if value is not None)
        said.append(f'<row r="{row}">{"".join(cells)}</row>')
    return "".join(said)


def styles_xml(formats: Sequence[str | int]) -> str:
    """Styles 1, 2, … of these number formats: a pattern, or the number of a built-in one."""
    patterns = "".join(
        f'<numFmt numFmtId="{200 + at}" formatCode={quoteattr(one)}/>'
        for at, one in enumerate(formats) if isinstance(one, str)
    )  # fmt: skip
    numbers = ["0", *(str(one if isinstance(one, int) else 200 + at) for at, one in enumerate(formats))]
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in numbers)
    return (
        f'{DECLARED}<styleSheet xmlns="{MAIN}"><numFmts>{patterns}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>'
    )


def links_xml(links: Sequence[tuple[str, str, str]], extra: str = "") -> str:
    """Relationships of (id, last word of the type, target)."""
    said = "".join(
        f'<Relationship Id="{name}" Type="{LINKS}/{kind}" Target="{target}"/>' for name, kind, target in links
    )
    return f'{DECLARED}<Relationships xmlns="{PACKAGE}/relationships">{said}{extra}</Relationships>'


def parts_of(
    sheets: Mapping[str, str], *, shared: str = "", styles: str = "", properties: str = "", states: str = "",
) -> Parts:  # fmt: skip
    """The parts of a workbook from the XML of its worksheets by name."""
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" {states} r:id="rId{number}"/>'
        for number, name in enumerate(sheets, 1)
    )
    links = [(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    parts = {
        "[Content_Types].xml": (
            f'{DECLARED}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{overrides}</Types>"
        ),
        "_rels/.rels": links_xml([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": (
            f'{DECLARED}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{properties}<sheets>{listed}</sheets></workbook>'
        ),
    }
    for number, xml in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = xml
    if shared:
        parts["xl/sharedStrings.xml"] = f'{DECLARED}<sst xmlns="{MAIN}">{shared}</sst>'
        links.append(("rIdT", "sharedStrings", "sharedStrings.xml"))
    if styles:
        parts["xl/styles.xml"] = styles
        links.append(("rIdS", "styles", "styles.xml"))
    parts["xl/_rels/workbook.xml.rels"] = links_xml(links)
    return {name: text.encode() for name, text in parts.items()}


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of parts, the order kept."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return target.getvalue()


def workbook(sheet: str, **given: str) -> bytes:
    """A workbook of one sheet "台账"."""
    return zipped(parts_of({"台账": sheet}, **given))


def table(rows: Sequence[Sequence[object]]) -> bytes:
    """A workbook of plain rows."""
    return workbook(sheet_xml(rows_xml(rows)))


def read(data: bytes, folder: Path, name: str = "table.xlsx", limits: Limits | None = None, **given: str) -> Book:
    """Read bytes in this process, where a fault of ours would show as what it is."""
    path = folder / "stored"
    path.write_bytes(data)
    return read_table(path, name, limits or Limits(), **given)
