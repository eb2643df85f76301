"""What everybody may fetch: the Atom feed of our own messages, each as a file, and the certificate that signs them.

Exercises stand in a feed of their own and in no other (W9). Nothing here asks for a person, so nothing here shows more
than what was issued to the public.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from anlan import environment
from anlan.apps.warning import keys, rules
from anlan.apps.warning.identity import SENDER
from anlan.apps.warning.models import Message, MessageStatus, Standing
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.services.drafting import bureau_name
from anlan.formats import atom
from anlan.formats.atom import Listed

#: How long others may keep an answer before they ask again, seconds.
FRESH_S = 30
#: Names of our feeds and messages: made of what never changes.
SPACE = uuid.UUID("6f1f3b0c-2f4e-5c0c-9f53-2f0f8d1f6a35")


@require_safe
def warnings(request: HttpRequest) -> HttpResponse:
    """Real warnings: what is in force, and all of the last days, cancellations among them."""
    return _feed(request, exercise=False)


@require_safe
def exercises(request: HttpRequest) -> HttpResponse:
    """Exercises, and nothing else."""
    return _feed(request, exercise=True)


def _feed(request: HttpRequest, *, exercise: bool) -> HttpResponse:
    now = timezone.now()
    rows = list(queries.own_listed(now, now - rules.span_of("feed_days", now), exercise=exercise)[:1_000])
    updated = max((row.came_at for row in rows), default=datetime.fromtimestamp(0, now.tzinfo))
    title = f"{bureau_name()}预警" + ("（演练，非真实预警）" if exercise else "")
    body = atom.write_atom(
        id=uuid.uuid5(SPACE, f"{request.path} {environment.text(SENDER)}").urn, title=title,
        author=bureau_name() or "Anlan", address=_address(request, request.path), updated=updated,
        entries=[_listed(request, row) for row in rows],
    )  # fmt: skip
    return _answer(request, body, "application/atom+xml; charset=utf-8", updated if rows else None)


def _address(request: HttpRequest, path: str) -> str:
    """An address of ours as others reach it: behind a proxy that speaks TLS, the proxy's."""
    public = environment.text("ANLAN_PUBLIC_URL").rstrip("/")
    return public + path if public else request.build_absolute_uri(path)


def _listed(request: HttpRequest, row: Message) -> Listed:
    name = "warning:exercise_file" if row.exercise else "warning:public_file"
    return Listed(
        id=uuid.uuid5(SPACE, f"{row.sender},{row.identifier},{row.sent_text}").urn,
        title=str(row),
        updated=row.came_at,
        address=_address(request, reverse(name, args=[row.identifier])),
        summary=row.area_words,
        category=row.event,
    )


@require_safe
def file(request: HttpRequest, identifier: str, *, exercise: bool = False) -> HttpResponse:
    """One message of ours as it was issued, for as long as we keep it."""
    status = MessageStatus.EXERCISE if exercise else MessageStatus.ACTUAL
    row = Message.objects.filter(
        source=None, standing=Standing.TAKEN, identifier=identifier, status=status, scope="Public"
    ).first()
    if row is None:
        raise Http404
    return _answer(request, bytes(row.data), atom.CAP_TYPE, row.came_at)


@require_safe
def certificate(request: HttpRequest) -> HttpResponse:
    """The certificate that our messages are signed with, PEM; compare it by telephone."""
    return _answer(request, keys.certificate_pem(), "application/x-pem-file", None)


def _answer(request: HttpRequest, body: bytes, kind: str, changed: datetime | None) -> HttpResponse:
    """The answer, or that nothing has changed since the asker's copy."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    answer: HttpResponse = HttpResponse(body, content_type=kind)
    answer["ETag"] = etag
    answer["Cache-Control"] = f"public, max-age={FRESH_S}"
    answer["X-Content-Type-Options"] = "nosniff"
    if changed is not None:
        answer["Last-Modified"] = http_date(int(changed.timestamp()))
    # By the ETag alone: what leaves the feed changes its content and not the time of its newest message.
    if "If-None-Match" in request.headers:
        return get_conditional_response(request, etag=etag, response=answer) or answer
    return answer
