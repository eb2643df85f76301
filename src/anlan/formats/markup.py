"""XML of strangers: read as a stream, with no document type, no entities of its own and bounded nesting.

lxml takes an XXE message in silence and ElementTree 20,000 levels; expat with a hand on it takes neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from xml.parsers import expat

from anlan.formats.faults import Refused

BLOCK = 1 << 16

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class Readable(Protocol):
    """Bytes in order."""

    def read(self, size: int = ..., /) -> bytes:
        """The next bytes."""


def read_xml(
    stream: Readable, where: str, *, start: Start | None = None, end: End | None = None, text: Text | None = None
) -> None:
    """Feed a stream to handlers of elements and text.

    where              name of the part, for faults
    start, end, text   called with names as written (a prefix included), attributes, and pieces of text

    Raises Refused: `doctype`, `broken_xml`; and whatever the handlers and the stream raise.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = BLOCK
    parser.StartDoctypeDeclHandler = _doctype(where)
    if start is not None:
        parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        while block := stream.read(BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Refused("broken_xml", where, line=error.lineno) from error
    except (ValueError, LookupError) as error:
        # An encoding that is no character set, such as `encoding="base64"`.
        if isinstance(error, UnicodeError | LookupError) or "encoding" in str(error):
            raise Refused("broken_xml", where, line=1) from error
        raise


def _doctype(where: str) -> Callable[..., Any]:
    def refuse(*_declaration: object) -> None:
        raise Refused("doctype", where)

    return refuse


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]
