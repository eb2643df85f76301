"""A table file to a book, in this process. Strangers' files go through `limited`."""

from __future__ import annotations

from pathlib import Path, PurePath

from anlan.formats.faults import Refused
from anlan.formats.tables import ole
from anlan.formats.tables.delimited import read_delimited
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.sheets import Book
from anlan.formats.tables.xls import read_xls
from anlan.formats.tables.xlsx import read_xlsx

#: Endings of names and what they say the content is.
ENDINGS = {"xlsx": "xlsx", "xls": "xls", "csv": "csv", "tsv": "csv", "txt": "csv"}
#: Endings of tables that are not read, so that the refusal can say so.
_UNREAD = frozenset({"xlsm", "xlsb", "xltm", "xla", "xlam", "ods", "numbers", "et", "ett", "xlt", "xltx"})
#: How files begin that are no tables but are met under a table's name.
_OTHERS = (
    (b"%PDF", "pdf"), (b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"), (b"\x1f\x8b", "gzip"), (b"{\\rtf", "rtf"), (b"\x7fELF", "program"), (b"MZ\x90", "program"),
)  # fmt: skip
_HEAD = 1024


def read_table(path: Path, name: str, limits: Limits, *, encoding: str = "", delimiter: str = "") -> Book:
    """Read a table.

    name                 as the person's file was called; only its ending is used, and only to compare
    encoding, delimiter  of a text file, as a person says; "" finds out

    Raises Refused.
    """
    size = path.stat().st_size
    if size > limits.bytes:
        raise Refused("too_large", bytes=size, limit=limits.bytes)
    if not size:
        raise Refused("empty_file")
    kind = _kind(path, name)
    if kind == "xlsx":
        return read_xlsx(path, limits)
    if kind == "xls":
        return read_xls(path, limits)
    return read_delimited(path, limits, encoding=encoding, delimiter=delimiter)


def _kind(path: Path, name: str) -> str:
    """What the content is, when the name says the same. Raises Refused otherwise."""
    ending = PurePath(name).suffix.lower().removeprefix(".")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    found = _content(head)
    if ending in ("xlsm", "xltm"):
        raise Refused("macros", name)
    if ending in _UNREAD:
        raise Refused("unsupported", found=ending)
    said = ENDINGS.get(ending)
    if said is None:
        raise Refused("unsupported", found=ending or found)
    # An encrypted new workbook is a compound file under a new name: what it holds says so better than its kind.
    if said == "xlsx" and found == "xls":
        _refuse_encrypted(path)
    if said != found:
        raise Refused("wrong_type", said=ending, found=found)
    return said


def _content(head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if head.startswith(ole.MAGIC):
        return "xls"
    for begin, kind in _OTHERS:
        if head.startswith(begin):
            return kind
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    # Offices' systems like to send HTML and XML under the name of a workbook.
    if bare.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head", b"<style")):
        return "html"
    if bare.startswith((b"<?xml", b"<!doctype")):
        return "xml"
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "binary"
    return "csv"


def _refuse_encrypted(path: Path) -> None:
    if any(entry.name == "EncryptedPackage" for entry in ole.Compound(path.read_bytes()).entries):
        raise Refused("encrypted")
