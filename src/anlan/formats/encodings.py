"""Text of strangers whose encoding nobody says: UTF-8, or GB18030 (of which GBK and GB 2312 are parts)."""

from __future__ import annotations

import codecs
import itertools
import re

from anlan.formats.faults import Refused

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Runs of bytes beyond ASCII that are looked at to tell a damaged UTF-8 text from one of another encoding.
_RUNS = 10_000
_BEYOND = re.compile(rb"[\x80-\xff]+")
#: Signs for private use and of planes without any: bytes of another encoding that happen to form pairs. A few are
#: rare characters of names that older files keep there.
_NOBODYS = re.compile("[\ue000-\uf8ff\U00040000-\U0010ffff]")
_FEW = 0.02


def encoding_of(data: bytes) -> str:
    """Name of the encoding: by the byte order mark, else UTF-8 when it is that throughout, else GB18030.

    Raises Refused("unknown_encoding") with the line, for a UTF-8 text that is damaged in places as well as for one
    that would be signs of nobody's language in GB18030.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        wrong = error.start
    if is_mostly_utf8(data):
        raise Refused("unknown_encoding", line=line_at(data, wrong))
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Refused("unknown_encoding", line=line_at(data, error.start)) from error
    nobodys = _NOBODYS.findall(text)
    if len(nobodys) > _FEW * sum(1 for sign in text if sign > "\x7f"):
        raise Refused("unknown_encoding", line=text.count("\n", 0, text.index(nobodys[0])) + 1)
    return "gb18030"


def is_mostly_utf8(data: bytes) -> bool:
    """True when most runs of bytes beyond ASCII are whole signs of UTF-8, which those of GB18030 hardly ever are."""
    runs = [found[0] for found in itertools.islice(_BEYOND.finditer(data), _RUNS)]
    return sum(map(_is_utf8, runs)) * 2 > len(runs)


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def line_at(data: bytes, at: int) -> int:
    """Number of the line that holds a byte, from 1."""
    return data.count(b"\n", 0, at) + 1
