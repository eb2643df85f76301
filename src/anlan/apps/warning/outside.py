"""The one place from which warnings are fetched: a listed host, with limits (S9); see `kernel.web.outgoing`."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass

from anlan import environment
from anlan.apps.sites import camera_address
from anlan.kernel.web import outgoing

#: Seconds for the whole answer.
WHOLE_S = 30.0
ACCEPT = {"Accept": "application/cap+xml, application/atom+xml, */*;q=0.5"}
HOSTS = "ANLAN_WARNING_HOSTS"


class NoAnswer(Exception):
    """Nothing usable came back; `code` is a key of `words.ERRORS`."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(words or code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 304 when nothing has changed since `etag` and `last_modified` of the question."""

    status: int
    body: bytes = b""
    etag: str = ""
    last_modified: str = ""


def fault_of(url: str) -> str:
    """What is wrong with an address as a source takes it, as a key of `words.ERRORS`; "" when nothing is."""
    problem = camera_address.problem_of(url, "hls")  # http and https, no name and password, no fragment
    return str(problem.value) if problem is not None else ""


def get(url: str, *, etag: str = "", last_modified: str = "", most: int) -> Answer:
    """Fetch a file of at most `most` bytes. No proxy, no redirect, no cookie. Raises NoAnswer."""
    try:
        target = outgoing.target_of(url, environment.words(HOSTS))
    except outgoing.NotAllowed as wrong:
        raise NoAnswer(wrong.code) from wrong
    except ValueError as wrong:
        raise NoAnswer("shape") from wrong
    try:
        file = outgoing.fetch(
            target, seconds=WHOLE_S, most=most, etag=etag, modified=last_modified, headers=ACCEPT, trusted=_trusted()
        )
    except outgoing.NoFile as wrong:
        raise NoAnswer(wrong.code, wrong.said) from wrong
    return Answer(200 if file.changed else 304, file.body, file.etag, file.modified)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Certificates that are trusted: the bureau's own file where it names one, else the system's."""
    return ssl.create_default_context(cafile=environment.text("ANLAN_WARNING_CA") or None)
