"""The one place from which a request leaves this machine: to a listed address, with limits, following nobody (S9)."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from anlan import environment

#: Seconds to connect, for each read, and for the whole answer; bytes of an answer that are read.
CONNECT_S, READ_S, WHOLE_S, MOST_BYTES = 5.0, 10.0, 20.0, 64 * 1024
HEADERS = {"Content-Type": "application/x-ndjson", "Accept": "application/json", "Accept-Encoding": "identity"}
#: Hosts that are this machine itself.
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class NoAnswer(Exception):
    """Nothing usable came back; `code` is stable: connect, time, tls, broken, large."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status, beginning of the body, where a redirect would have led."""

    status: int
    body: bytes
    leads_to: str = ""


def post(url: str, body: bytes) -> Answer:
    """Send lines to an address and read its answer. No proxy, no redirect, no cookie. Raises NoAnswer."""
    return ask("POST", url, body, HEADERS, MOST_BYTES)


def ask(method: str, url: str, body: bytes, headers: Mapping[str, str], most: int) -> Answer:
    """One request and at most `most` bytes of its answer. No proxy, no redirect, no cookie. Raises NoAnswer."""
    until = time.monotonic() + WHOLE_S
    limits = httpx.Timeout(READ_S, connect=CONNECT_S)
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=limits, verify=_trusted()) as client,
            client.stream(method, url, content=body or None, headers=dict(headers)) as answer,
        ):
            content = b""
            for part in answer.iter_raw():
                content += part
                if len(content) > most:
                    raise NoAnswer("large", f"the answer is larger than {most // 1024} KiB")
                if time.monotonic() > until:
                    raise NoAnswer("time", "the answer did not end in time")
            return Answer(answer.status_code, content, answer.headers.get("location", "")[:200])
    except httpx.TimeoutException as error:
        raise NoAnswer("time", "no answer in time") from error
    except httpx.ConnectError as error:
        is_tls = isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error)
        raise NoAnswer("tls" if is_tls else "connect", str(error)[:200] or "cannot be reached") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswer("broken", type(error).__name__) from error


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Certificates that are trusted: the bureau's own file where it names one, else the system's."""
    return ssl.create_default_context(cafile=environment.text("ANLAN_EXCHANGE_CA") or None)


def is_private_line(url: str) -> bool:
    """Whether nobody on the way can read what is sent: TLS, or this machine itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.hostname or "") in LOOPBACK


def fault_of(url: str) -> str:
    """What is wrong with an address as the list of addresses takes it, as a code; "" when nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "shape"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "shape"
    if parts.username is not None or parts.password is not None:
        return "secret"
    if parts.fragment or any(sign.isspace() or not sign.isprintable() for sign in url):
        return "shape"
    return ""
