"""Zip archives of strangers: counted before anything is unpacked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from anlan.formats.faults import Refused

#: The end of the central directory: signature, fixed size, and how far from the file's end it may begin.
_END, _END_BYTES, _END_WITHIN = b"PK\x05\x06", 22, 22 + 65_535
#: Bytes of one entry in the central directory, with a long name and extra fields.
_ENTRY_BYTES = 512
#: A part below this size may be packed as tightly as it likes.
SMALL = 1 << 20
#: How files inside files begin: zip, OLE, gzip, RAR, 7z, bzip2, xz.
_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")


#: Whatever the zip module raises on a damaged archive.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, OSError, ValueError, RuntimeError,
)  # fmt: skip


class Part:
    """A part of an archive, read as a stream; what is wrong with its packing is Refused("broken_zip")."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int = -1) -> bytes:
        """The next bytes, all that are left without a size."""
        try:
            return self._stream.read(size)
        except _BROKEN as error:
            raise Refused("broken_zip", self._name) from error


class Archive:
    """An opened archive whose parts are few, small enough unpacked and not encrypted."""

    def __init__(self, path: Path, *, parts: int, unpacked: int, ratio: int) -> None:
        """Open and count.

        path      the file
        parts     most entries
        unpacked  most bytes of all entries together, unpacked
        ratio     most unpacked bytes per packed byte of an entry larger than SMALL

        Raises Refused: `broken_zip`, `too_many_parts`, `doubled_part`, `too_large_unpacked`, `zip_bomb`, `encrypted`.
        """
        _directory_is_small(path, parts)
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise Refused("broken_zip") from error
        try:
            self._infos = self._counted(parts, unpacked, ratio)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts, with forward slashes."""
        return tuple(self._infos)

    def size(self, name: str) -> int:
        """Bytes of a part, unpacked."""
        return self._infos[name].file_size

    @contextmanager
    def part(self, name: str) -> Iterator[Part]:
        """A part as a stream.

        Raises Refused("missing_part") when there is none.
        """
        if name not in self._infos:
            raise Refused("missing_part", part=name)
        try:
            stream = self._zip.open(self._infos[name])
        except _BROKEN as error:
            raise Refused("broken_zip", name) from error
        with stream:
            yield Part(stream, name)

    def refuse_nested(self) -> None:
        """Raises Refused("nested_archive") when a part is itself a packed file, whatever it is called."""
        for name in self._infos:
            with self.part(name) as stream:
                if stream.read(8).startswith(_PACKED):
                    raise Refused("nested_archive", name)

    def _counted(self, parts: int, unpacked: int, ratio: int) -> dict[str, zipfile.ZipInfo]:
        infos = [info for info in self._zip.infolist() if not info.filename.endswith("/")]
        if len(infos) > parts:
            raise Refused("too_many_parts", parts=len(infos), limit=parts)
        found: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            # Some old writers use the separator of their system.
            name = info.filename.replace("\\", "/")
            if not name:
                raise Refused("broken_zip")
            if name in found:
                raise Refused("doubled_part", name)
            if info.flag_bits & 0x1:
                raise Refused("encrypted", name)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused("broken_zip", name)
            if info.file_size > SMALL and info.file_size > ratio * max(info.compress_size, 1):
                raise Refused("zip_bomb", name, ratio=info.file_size // max(info.compress_size, 1), limit=ratio)
            found[name] = info
        whole = sum(info.file_size for info in infos)
        if whole > unpacked:
            raise Refused("too_large_unpacked", bytes=whole, limit=unpacked)
        return found


def _directory_is_small(path: Path, parts: int) -> None:
    """The zip module makes an object of every entry before anyone can count them, so look at the directory's size."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _END_WITHIN))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise Refused("broken_zip")
    entries, size = struct.unpack_from("<HI", tail, at + 10)
    if size > parts * _ENTRY_BYTES:
        raise Refused("too_many_parts", parts=max(entries, size // _ENTRY_BYTES), limit=parts)
