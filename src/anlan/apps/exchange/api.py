"""The doors of machines: fetch messages and acknowledge them, send messages to us, read our public key.

Each asks for its own credential: the key of a subscription, or a signature of a source that is known. Answers are JSON
with a stable code; lines are JSON Web Signatures, one a line (docs/exchange-api.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from anlan.apps.exchange import keys
from anlan.apps.exchange.models import State, Subscription
from anlan.apps.exchange.services import delivery, receiving, subscriptions
from anlan.apps.exchange.services.delivery import NotHad
from anlan.apps.exchange.services.receiving import BadMessage
from anlan.formats import jws
from anlan.kernel.people.services import system_user

#: Bytes of a post that are read, and lines of it.
MOST_BODY, MOST_LINES = 8 * 1024 * 1024, 200
#: Bytes of an acknowledgement.
MOST_ACK = 1_024
NDJSON = "application/x-ndjson"

Door = Callable[[HttpRequest, Subscription], HttpResponse]


def _json(content: Any, status: int = 200) -> HttpResponse:
    answer = HttpResponse(msgspec.json.encode(content), content_type="application/json", status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _refused(status: int, code: str, why: str, **more: Any) -> HttpResponse:
    return _json({"error": {"code": code, "why": why}, **more}, status)


def _not_had(error: NotHad) -> HttpResponse:
    known = {"first": error.first, "last": error.last}
    if error.code == "gone":
        return _refused(410, "gone", "These messages are kept no longer: POST restart for a full copy.", **known)
    return _refused(422, "ahead", "There is no message of this number yet.", **known)


def subscribers_only(view: Door) -> Any:
    """A view for whoever proves a subscription that is in force."""

    def guarded(request: HttpRequest) -> HttpResponse:
        row, fault = delivery.subscriber(request.headers.get("Authorization", ""), timezone.now())
        if row is None:
            why = "Code and key do not fit: Authorization: Bearer <code>:<key>."
            answer = _refused(401, "credential", why)
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        if fault:
            state = row.state if row.state != State.ACTIVE else "expired"
            return _refused(403, state, "This subscription is not in force; ask its owner.")
        return view(request, row)

    return csrf_exempt(guarded)


@csrf_exempt
@require_safe
def public_keys(request: HttpRequest) -> HttpResponse:
    """Our public key as a JSON Web Key Set, or as PEM with `as=pem`; for everyone."""
    key = keys.public_key()
    if request.GET.get("as") == "pem":
        return HttpResponse(jws.as_pem(key), content_type="application/x-pem-file")
    return _json({"keys": [jws.as_jwk(key)]})


@subscribers_only
@require_safe
def status(request: HttpRequest, row: Subscription) -> HttpResponse:
    """What is agreed with the subscriber, and how far it has come."""
    return _json(
        {
            "subscription": row.code,
            "region": row.region.code,
            "registers": {one.register: one.fields for one in row.allowed.all()},
            "personal": row.personal,
            "valid_until": row.valid_until.isoformat(),
            "first": row.first_seq,
            "last": row.last_seq,
            "acked": row.acked_seq,
        }
    )


@subscribers_only
@require_safe
def messages(request: HttpRequest, row: Subscription) -> HttpResponse:
    """Signed lines behind number `after` (default: what is acknowledged), at most `limit` (1 … 20)."""
    after = _whole(request.GET.get("after"), row.acked_seq)
    most = _whole(request.GET.get("limit"), delivery.MOST)
    if after is None or most is None or not 1 <= most <= delivery.MOST:
        return _refused(422, "number", f"after is a whole number, limit one from 1 to {delivery.MOST}.")
    origin = str(request.META.get("REMOTE_ADDR", ""))
    try:
        lines = delivery.fetch(row, after=after, most=most, origin=origin, now=timezone.now())
    except NotHad as error:
        return _not_had(error)
    answer = HttpResponse("".join(line + "\n" for line in lines), content_type=NDJSON)
    answer["Cache-Control"] = "no-store"
    return answer


@subscribers_only
@require_http_methods(["POST"])
def acknowledge(request: HttpRequest, row: Subscription) -> HttpResponse:
    """`{"seq": n}`: everything up to n has been stored."""
    try:
        said = msgspec.json.decode(request.read(MOST_ACK))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        said = None
    seq = said.get("seq") if isinstance(said, dict) else None
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < 2**63:
        return _refused(422, "number", 'The body is {"seq": n} with a whole number.')
    try:
        return _json({"acked": delivery.acknowledge(row, seq=seq, now=timezone.now())})
    except NotHad as error:
        return _not_had(error)


@subscribers_only
@require_http_methods(["POST"])
def restart(request: HttpRequest, row: Subscription) -> HttpResponse:
    """Everything anew: the next message begins a full copy."""
    row = subscriptions.begin_again(row, actor=system_user("exchange"), now=timezone.now())
    return _json({"first": row.first_seq})


@csrf_exempt
@require_http_methods(["POST"])
def receive(request: HttpRequest) -> HttpResponse:
    """Signed lines of a source that we know; answers up to where it is complete now."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _refused(415, "encoding", "Lines come as they are, not packed.")
    body = request.read(MOST_BODY + 1)
    if len(body) > MOST_BODY:
        return _refused(413, "large", "A post has at most 8 MiB.")
    try:
        lines = body.decode("ascii").split()
    except UnicodeDecodeError:
        return _refused(422, "encoding", "Lines are plain ASCII.")
    if not 1 <= len(lines) <= MOST_LINES:
        return _refused(422, "lines", f"A post has 1 to {MOST_LINES} lines.")
    try:
        done = receiving.receive(lines, now=timezone.now())
    except BadMessage as bad:
        more = {} if bad.acked is None else {"acked": bad.acked}
        return _refused(bad.status, bad.code, str(bad), **more)
    return _json({"acked": done.acked, "new": done.new, "repeated": done.repeated})


def _whole(text: str | None, otherwise: int) -> int | None:
    """A whole number below 2^63 of an address; `otherwise` where nothing is said, None where it is none."""
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
