"""The door of machines: push one CAP message with the token of a source. Answers JSON with a stable standing."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from anlan.apps.warning.models import Source
from anlan.apps.warning.services import receiving, sources
from anlan.apps.warning.services.errors import Overrun
from anlan.apps.warning.words import REASONS, of_finding
from anlan.formats.cap.checking import BOUNDS

#: HTTP status by standing: what is kept and not taken is accepted, but no more than that.
STATUS = {"taken": 200, "waiting": 202, "aside": 202, "dropped": 507}


def _json(content: Any, status: int = 200) -> HttpResponse:
    answer = HttpResponse(msgspec.json.encode(content), content_type="application/json", status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _refused(status: int, code: str, why: str) -> HttpResponse:
    return _json({"error": {"code": code, "why": why}}, status)


@csrf_exempt
@require_POST
def push(request: HttpRequest) -> HttpResponse:
    """One message as the body. The answer says what became of it, and all that was found."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    source = sources.of_token(token.strip()) if scheme.lower() == "bearer" else None
    if source is None:
        answer = _refused(401, "credential", "Authorization: Bearer <token of an open source>.")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _refused(415, "encoding", "A message comes as it is, not packed.")
    body = request.read(BOUNDS.bytes + 1)
    if len(body) > BOUNDS.bytes:
        return _refused(413, "large", f"A message has at most {BOUNDS.bytes} bytes.")
    now = timezone.now()
    try:
        outcome = receiving.receive(body, source=source, now=now)
    except Overrun:
        answer = _refused(429, "many", f"At most {receiving.PER_MINUTE} messages a minute are taken of one source.")
        answer["Retry-After"] = "60"
        return answer
    Source.objects.filter(pk=source.pk).update(heard_at=now)
    with translation.override("en"):
        return _json(_said(outcome), STATUS[outcome.standing])


def _said(outcome: receiving.Outcome) -> dict[str, Any]:
    message = outcome.message
    if message is None:
        return {"standing": "dropped", "why": "Too many messages of this source were set aside already."}
    return {
        "standing": message.standing,
        "repeated": outcome.repeated,
        "why": str(REASONS.get(message.reason, "")),
        "layers": [
            {
                "layer": layer["layer"],
                "ok": layer["ok"],
                "findings": [{**one, "words": of_finding(one)} for one in layer["findings"]],
            }
            for layer in message.verdict
        ],
    }
