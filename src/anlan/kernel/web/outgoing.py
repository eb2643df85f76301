"""Requests that leave this machine for hosts that whoever runs the server has listed, and for no others (S9).

http and https only. A name is resolved once and the connection goes to that very address, so that a name that changes
its meaning in between leads nowhere. Nothing follows a redirect; time, size and unpacked size are bounded.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx

from anlan.environment import may_connect

_DEFAULT_PORTS = {"http": 80, "https": 443}


class NotAllowed(Exception):
    """The product does not connect there; `code` is stable: scheme, host, unknown."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the address with the host's number in place of its name, and the name it was."""

    url: str
    host: str
    name: str


def target_of(url: str, allowed: Sequence[str], *, query: str = "") -> Target:
    """The target of a request. Raises NotAllowed.

    allowed  as `environment.may_connect` takes it
    query    a key that goes behind the address
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotAllowed("scheme", "only http and https are asked")
    host, port = parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]
    number = _resolved(host, port)
    if not may_connect(allowed, host, number, port):
        raise NotAllowed("host", f"{host} is not among the hosts that may be asked")
    literal = f"[{number}]" if number.version == 6 else str(number)
    asked = "&".join(part for part in (parts.query, query.lstrip("?&")) if part)
    name = parts.netloc.rpartition("@")[2]
    return Target(urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", asked, "")), host, name)


def _resolved(host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotAllowed("unknown", f"the name {host} is not known") from error
    number = ipaddress.ip_address(rows[0][4][0])
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        return number.ipv4_mapped
    return number


# --- fetching a file --------------------------------------------------------------------------------------------------
#: Seconds to connect and for each read. The whole time and the sizes are the caller's.
CONNECT_S, READ_S = 5.0, 15.0
#: Unpacked bytes for one packed byte; text that is honestly packed reaches some twenty.
MOST_RATIO = 200


class NoFile(Exception):
    """Nothing usable came.

    code  stable: connect, tls, time, broken, large, bomb, packed, redirect, status
    said  what a sentence about it needs: an HTTP status, where a redirect leads, how many MiB are taken
    """

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(f"{code} {said}".strip())
        self.code, self.said = code, said[:200]


@dataclass(frozen=True, slots=True)
class File:
    """What came.

    body      unpacked; empty when nothing had changed
    changed   False: the server says that it is still the file whose marks were sent (304)
    etag, modified  the server's marks of this file, "" where it gives none
    complete  the server had said how long the file is, so that a cut would have been seen
    packed    bytes that came over the line
    """

    body: bytes
    changed: bool = True
    etag: str = ""
    modified: str = ""
    complete: bool = True
    packed: int = 0


def fetch(
    target: Target, *, seconds: float, most: int, etag: str = "", modified: str = "",
    headers: Mapping[str, str] | None = None, trusted: ssl.SSLContext | None = None,
) -> File:  # fmt: skip
    """Get a file. No proxy, no redirect, no cookie; gzip is unpacked within bounds.

    seconds         for all of it
    most            bytes, packed or unpacked
    etag, modified  marks of the file that is at hand; it is then asked for only when it has changed
    trusted         certificates that are trusted; None: those of the system

    Raises NoFile.
    """
    asked = {"Host": target.name, "Accept-Encoding": "gzip, identity", **(headers or {})}
    asked |= {"If-None-Match": etag} if etag else {}
    asked |= {"If-Modified-Since": modified} if modified else {}
    until = time.monotonic() + seconds
    limits = httpx.Timeout(min(READ_S, seconds), connect=min(CONNECT_S, seconds))
    verify = trusted or _trusted()
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=limits, verify=verify) as client,
            client.stream("GET", target.url, headers=asked, extensions={"sni_hostname": target.host}) as answer,
        ):
            return _taken(answer, until, most)
    except httpx.TimeoutException as error:
        raise NoFile("time") from error
    except httpx.ConnectError as error:
        is_tls = isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error)
        raise NoFile("tls" if is_tls else "connect") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NoFile("broken", type(error).__name__) from error


def _taken(answer: httpx.Response, until: float, most: int) -> File:
    if answer.status_code == 304:
        return File(b"", changed=False)
    if answer.is_redirect:
        raise NoFile("redirect", answer.headers.get("location", ""))
    if answer.status_code != 200:
        raise NoFile("status", str(answer.status_code))
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise NoFile("broken", coding)
    parts, size = [], 0
    for part in answer.iter_raw():
        size += len(part)
        if size > most:
            raise NoFile("large", str(most >> 20))
        if time.monotonic() > until:
            raise NoFile("time")
        parts.append(part)
    raw = b"".join(parts)
    # Some servers keep packed files and do not say so.
    body = _unpacked(raw, most) if coding.endswith("gzip") or raw.startswith(b"\x1f\x8b") else raw
    told = "content-length" in answer.headers or "chunked" in answer.headers.get("transfer-encoding", "").lower()
    return File(
        body,
        etag=answer.headers.get("etag", "")[:200],
        modified=answer.headers.get("last-modified", "")[:60],
        complete=told or body is not raw,
        packed=size,
    )


def _unpacked(raw: bytes, most: int) -> bytes:
    """The content of a gzip file of one part. Raises NoFile for a bomb, a cut and damage."""
    work = zlib.decompressobj(wbits=31)
    limit = min(most, max(len(raw) * MOST_RATIO, 1 << 16))
    try:
        body = work.decompress(raw, limit + 1)
    except zlib.error as error:
        raise NoFile("packed") from error
    if len(body) > limit:
        raise NoFile("large" if limit == most else "bomb", str(most >> 20))
    if not work.eof:
        raise NoFile("packed")
    return body


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Certificates that the system trusts."""
    return ssl.create_default_context()
