"""Say what stands in a file: a recording of a device, a warning, a track, an earthquake catalogue, a waveform."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from anlan.apps.monitoring import message_words as words
from anlan.formats.faults import Refused
from anlan.formats.telling import FORMATS, Item, Note, Row, Told, octets_of, tell_apart
from anlan.formats.telling.frames import TELLERS
from anlan.formats.telling.limited import MOST_BYTES
from anlan.kernel.registers.importing.wording import words_of
from anlan.kernel.web.formatting import bureau_time


class Command(BaseCommand):
    help = "Say what stands in a file of any format that is known here. Exit 1 when any of it cannot be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a file, or - for what comes in")
        parser.add_argument("--format", choices=FORMATS, default="", help="instead of finding it out")
        parser.add_argument("--hex", action="store_true", help="the file holds hexadecimal digits")

    def handle(self, *args: Any, **options: Any) -> None:
        data = _bytes_of(options["file"])
        if options["hex"]:
            data = octets_of(data.decode("ascii", "replace"))
        try:
            told = tell_apart(data, now_ms=int(timezone.now().timestamp() * 1000), format=options["format"])
        except Refused as refused:
            raise CommandError(words_of(refused.fault)) from refused
        for line in lines_of(told):
            self.stdout.write(line)
        if told.verdict in ("bad", "mixed", "unknown"):
            raise CommandError(str(words.VERDICTS[told.verdict][1]))


def _bytes_of(name: str) -> bytes:
    """At most one byte more than is read, so that a large file is refused and not loaded."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


def lines_of(told: Told) -> list[str]:
    """The telling as lines of text."""
    frames = told.format in TELLERS
    lines = [f"{words.said(words.FORMATS, told.format)} — {words.VERDICTS[told.verdict][1]}"]
    lines += [
        f"  {words.said(words.LAYERS, one.name)}: {'—' if one.ok is None else 'ok' if one.ok else '!'}"
        for one in told.layers
    ]
    lines += [_note(note, frames=frames) for note in told.notes]
    for number, item in enumerate(told.items, 1):
        lines += _item(item, number, frames=frames)
    lines += [f"{words.note_words(Note(code), frames=True)}: {n}" for code, n in told.counts.items()]
    return [*lines, f"{told.size} B, {told.total} / {told.rows_total}"]


def _item(item: Item, number: int, *, frames: bool) -> list[str]:
    at = "" if item.at is None else f" @{item.at}"
    lines = [f"{number}. {words.said(words.KINDS, item.kind)}{at}"]
    lines += [_note(note, frames=frames) for note in item.notes]
    lines += [f"    {words.said(words.HEAD, name)}: {words.head_words(name, text)}" for name, text in item.head]
    if item.raw:
        lines.append(f"    {item.raw}")
    return lines + [_row(row) for row in item.rows]


def _row(row: Row) -> str:
    at = "" if row.time_ms is None else f"{bureau_time(words.moment_of(row.time_ms), seconds=True)} "
    value = "—" if row.value is None else f"{row.value:g}" if abs(row.value) < 1e5 else f"{row.value}"
    what = row.meaning or words.said(words.MEANINGS_OF, row.sensor)
    doubt = "" if row.known else " (?)"
    quality = words.said(words.QUALITIES, row.quality)
    return f"    {at}{row.device} {row.sensor} {what}: {value} {row.unit} {quality}{doubt}".rstrip()


def _note(note: Note, *, frames: bool) -> str:
    sign = "!" if note.blocks else "~"
    return f"  {sign} {words.note_words(note, frames=frames)} {note.where}".rstrip()
