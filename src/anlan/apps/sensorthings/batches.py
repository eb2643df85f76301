"""The body of a `$batch`: requests one after another, and change sets of which all or nothing happens.

Parts are `multipart/mixed` of `application/http`, as OData 4.0 writes them. A request may name what an earlier one of
its change set made as `$1`, the Content-ID of that. Source: OGC 18-088, clause 11.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

#: Requests of one batch.
MOST_REQUESTS = 1_000
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


class BadBatch(ValueError):
    """The batch cannot be read; says which part and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the way below the root, its options as they stood, its body."""

    method: str
    path: str
    options: str
    body: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Requests that happen together or not at all."""

    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    content_id: str = ""


def read(kind: str, body: bytes, root: str) -> list[Request | ChangeSet]:
    """The parts of a batch. `root` is the service's address. Raises BadBatch."""
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    if message.get_content_type() != "multipart/mixed" or not message.is_multipart():
        raise BadBatch("a batch is multipart/mixed with a boundary")
    found: list[Request | ChangeSet] = []
    for part in _parts(message):
        if part.get_content_type() == "multipart/mixed":
            requests = tuple(_request(one, root) for one in _parts(part))
            if any(one.method == "GET" for one in requests):
                raise BadBatch("a change set only changes")
            found.append(ChangeSet(requests))
        else:
            found.append(_request(part, root))
    if sum(len(one.requests) if isinstance(one, ChangeSet) else 1 for one in found) > MOST_REQUESTS:
        raise BadBatch(f"a batch has at most {MOST_REQUESTS} requests")
    return found


def _parts(message: Message) -> Sequence[Message]:
    payload = message.get_payload()
    if not isinstance(payload, list):
        raise BadBatch("a change set without parts")
    return [one for one in payload if isinstance(one, Message)]


def _request(part: Message, root: str) -> Request:
    if part.get_content_type() != "application/http":
        raise BadBatch("each part is application/http or a change set")
    payload = part.get_payload(decode=True)
    text = payload.lstrip(b"\r\n") if isinstance(payload, bytes) else b""
    head, _blank, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace").split()
    if len(line) not in (2, 3) or line[0] not in METHODS:
        raise BadBatch("a request begins with method and address")
    target = line[1]
    for front in (root, urlsplit(root).path):
        if target.startswith(front + "/"):
            target = target[len(front) :]
            break
    path, _question, options = target.partition("?")
    return Request(line[0], unquote(path).lstrip("/"), options, body.strip(), str(part.get("Content-ID", "")).strip())


def written(answers: Sequence[Answer | Sequence[Answer]]) -> tuple[str, bytes]:
    """Content type and body of the answers, in the order of the requests; those of a change set together."""
    boundary = f"batch_{secrets.token_hex(8)}"
    parts = []
    for one in answers:
        if isinstance(one, Answer):
            parts.append(_part(one))
        else:
            kind, body = written(one)
            parts.append(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    mark = f"--{boundary}".encode()
    lines = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return f"multipart/mixed; boundary={boundary}", lines + mark + b"--\r\n"


def _part(one: Answer) -> bytes:
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if one.content_id:
        head.append(f"Content-ID: {one.content_id}")
    head += ["", f"HTTP/1.1 {one.status} {HTTPStatus(one.status).phrase}"]
    head += [f"{name}: {value}" for name, value in one.headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + one.body
