"""Fetch pictures from a camera: single ones, moving ones as MJPEG, and the parts of an HLS stream. With limits."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from anlan.kernel.web.outgoing import Target

#: Seconds to connect and for each read; of one look; between two pictures that are handed on.
CONNECT_S, READ_S, LIVE_S, GAP_S = 4.0, 10.0, 120.0, 0.08
#: Bytes of one picture, and of one part of a stream.
MOST_PICTURE, MOST_PART = 4 * 2**20, 16 * 2**20
#: Moving pictures that one person, and all together, have open at a time.
MOST_EACH, MOST_ALL = 4, 16
BOUNDARY = "anlan-picture"
_URI = re.compile(r'URI="([^"]+)"')


class NoPicture(Exception):
    """Nothing usable came; `code` is stable: connect, time, refused, kind, large, elsewhere, busy."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password at a camera; empty for one that asks for none."""

    account: str = ""
    password: str = ""


class _Either(httpx.Auth):
    """Answers whichever of Basic and Digest the camera asks for."""

    def __init__(self, login: Login) -> None:
        self.login = login

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield request
        asked = response.headers.get("www-authenticate", "").lower()
        if response.status_code == 401 and self.login.account and asked:
            account, password = self.login.account, self.login.password
            digest = asked.startswith("digest")
            how: httpx.Auth = httpx.DigestAuth(account, password) if digest else httpx.BasicAuth(account, password)
            yield from how.auth_flow(request)


class Splitter:
    """Takes a stream as it comes and gives whole JPEG pictures: of a multipart answer each, of a plain one the one."""

    def __init__(self, content_type: str) -> None:
        kind, _, rest = content_type.partition(";")
        self.kind = kind.strip().lower()
        if self.kind not in ("multipart/x-mixed-replace", "image/jpeg"):
            raise NoPicture("kind")
        found = re.search(r'boundary="?([^";]+)', rest)
        if self.kind != "image/jpeg" and found is None:
            raise NoPicture("kind")
        self._mark = b"--" + found[1].strip().lstrip("-").encode() if found is not None else b""
        self._held = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The pictures that this chunk completes. Raises NoPicture when one grows too large."""
        self._held += chunk
        done: list[bytes] = []
        if self._mark:
            *parts, self._held = self._held.split(self._mark)
            done = [picture for part in parts if (picture := jpeg_in(part))]
        if len(self._held) > MOST_PICTURE:
            raise NoPicture("large")
        return done

    def end(self) -> bytes:
        """What is left when the stream has ended."""
        return jpeg_in(self._held)


def jpeg_in(part: bytes) -> bytes:
    """The JPEG within a part with its headers, b"" when there is none."""
    first, last = part.find(b"\xff\xd8\xff"), part.rfind(b"\xff\xd9")
    return part[first : last + 2] if 0 <= first < last else b""


def still(target: Target, login: Login) -> bytes:
    """One picture: that of an address of stills, or the first of a moving one. Raises NoPicture."""
    until = time.monotonic() + READ_S
    with _asking(), _client(login) as client, client.stream("GET", target.url, **_how(target)) as answer:
        _refuse_faults(answer)
        splitter = Splitter(answer.headers.get("content-type", ""))
        for chunk in answer.iter_raw():
            if pictures := splitter.feed(chunk):
                return pictures[0]
            if time.monotonic() > until:
                raise NoPicture("time")
        if picture := splitter.end():
            return picture
    raise NoPicture("kind")


async def moving(target: Target, login: Login, *, seconds: float = LIVE_S) -> AsyncIterator[bytes]:
    """Pictures as parts of a multipart answer, for so long. A camera that fails ends it; nothing is raised."""
    until, last = time.monotonic() + seconds, 0.0
    limits = httpx.Timeout(READ_S, connect=CONNECT_S)
    try:
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=limits, auth=_Either(login)) as client,
            client.stream("GET", target.url, **_how(target)) as answer,
        ):
            _refuse_faults(answer)
            splitter = Splitter(answer.headers.get("content-type", ""))
            async for chunk in answer.aiter_raw():
                for picture in splitter.feed(chunk):
                    if time.monotonic() - last >= GAP_S:
                        last = time.monotonic()
                        yield part_of(picture)
                if time.monotonic() > until:
                    return
            if picture := splitter.end():
                yield part_of(picture)
    except (httpx.HTTPError, httpx.InvalidURL, NoPicture):
        return


def part_of(picture: bytes) -> bytes:
    """A picture as a part of our own multipart answer."""
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


def part(target: Target, login: Login) -> tuple[bytes, str]:
    """A part of an HLS stream with its content type. Raises NoPicture."""
    with _asking(), _client(login) as client, client.stream("GET", target.url, **_how(target)) as answer:
        _refuse_faults(answer)
        content = b""
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > MOST_PART:
                raise NoPicture("large")
    if content.lstrip(b"\xef\xbb\xbf").startswith(b"#EXTM3U"):
        return content, "application/vnd.apple.mpegurl"
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return content, kind if kind.startswith(("video/", "audio/")) else "application/octet-stream"


def folder_of(stream: str) -> str:
    """The folder of an address, under which all parts of its stream lie."""
    parts = urlsplit(stream)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}/"


def inside(stream: str, name: str) -> str:
    """The address of a part by its name below the folder of the stream. Raises NoPicture for one elsewhere."""
    folder = folder_of(stream)
    url = urljoin(folder, name)
    if not url.startswith(folder) or ".." in urlsplit(url).path.split("/"):
        raise NoPicture("elsewhere")
    return url


def rewritten(playlist: str, *, url: str, stream: str, door: str) -> str:
    """A playlist whose addresses lead through us: `door` and the name below the folder of the stream.

    Raises NoPicture when one leads elsewhere.
    """

    def through(address: str) -> str:
        full = inside(stream, urljoin(url, address))
        parts = urlsplit(full)
        name = full.partition("?")[0][len(folder_of(stream)) :]
        return f"{door}{quote(name)}" + (f"?{parts.query}" if parts.query else "")

    lines = []
    for line in playlist.splitlines():
        if line.startswith("#"):
            lines.append(_URI.sub(lambda found: f'URI="{through(found[1])}"', line))
        else:
            lines.append(through(line.strip()) if line.strip() else line)
    return "\n".join(lines) + "\n"


class Seats:
    """How many moving pictures are open in this process, by person. A seat that nobody gave back ends by itself."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, float]] = []  # person, moment at which the seat ends
        self._lock = Lock()

    def take(self, person: int) -> tuple[int, float]:
        """Take a seat; give it back with `leave`. Raises NoPicture when one person, or all together, have too many."""
        now = time.monotonic()
        with self._lock:
            self._taken = [seat for seat in self._taken if seat[1] > now]
            if len(self._taken) >= MOST_ALL or sum(one == person for one, _end in self._taken) >= MOST_EACH:
                raise NoPicture("busy")
            self._taken.append((person, now + LIVE_S + READ_S))
            return self._taken[-1]

    def leave(self, seat: tuple[int, float]) -> None:
        with self._lock:
            self._taken = [one for one in self._taken if one is not seat]

    def __len__(self) -> int:
        return len(self._taken)


def _how(target: Target) -> dict[str, Any]:
    """The host's own name for its virtual servers and its certificate."""
    return {
        "headers": {"Host": target.name, "Accept-Encoding": "identity"},
        "extensions": {"sni_hostname": target.host},
    }


def _client(login: Login) -> httpx.Client:
    limits = httpx.Timeout(READ_S, connect=CONNECT_S)
    return httpx.Client(trust_env=False, follow_redirects=False, timeout=limits, auth=_Either(login))


def _refuse_faults(answer: httpx.Response) -> None:
    if answer.status_code != 200:
        raise NoPicture("refused")


@contextmanager
def _asking() -> Iterator[None]:
    """What can go wrong on the line, as NoPicture."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise NoPicture("time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoPicture("connect") from error
