"""Hand out proof to whoever may see its subject: pictures as copies without metadata, everything as attachment."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from anlan.kernel.audit import services as audit
from anlan.kernel.evidence import vault
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may
from anlan.kernel.web import refs


def _evidence(request: HttpRequest, pk: int) -> Evidence:
    """Missing and not yours look the same."""
    found = Evidence.objects.select_related("blob", "region").filter(pk=pk).first()
    if found is None or not refs.may_see(request.user, found.ref):
        raise Http404
    return found


@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file; of a picture the copy for showing. `?original=1` gives it as it came, with position and camera.

    The original of a picture needs personal.unmask, and looking at it leaves an audit entry.
    """
    kept = _evidence(request, pk)
    blob = kept.blob
    if not blob.is_image:
        return _answer(vault.path_of(blob.sha256), kept.name, blob.mime, blob.sha256)
    if request.GET.get("original") == "1":
        if not isinstance(request.user, User) or not may(request.user, "personal.unmask", kept.region):
            raise PermissionDenied
        audit.record(
            actor=request.user, verb="personal.unmask", obj=kept.ref, region=kept.region, now=timezone.now(),
            after={"evidence": kept.pk, "field": "original"},
        )  # fmt: skip
        return _answer(vault.path_of(blob.sha256), kept.name, blob.mime, blob.sha256, keep_s=0)
    name = kept.name.rsplit(".", 1)[0] + ".jpg"
    return _answer(vault.path_of(blob.sha256, vault.SHOW), name, "image/jpeg", blob.sha256 + "s")


@require_safe
def thumb(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The small copy of a picture; 404 for what is none."""
    kept = _evidence(request, pk)
    if not kept.blob.is_image:
        raise Http404
    return _answer(vault.path_of(kept.blob.sha256, vault.THUMB), "thumb.jpg", "image/jpeg", kept.blob.sha256 + "t")


def _answer(path: Path, name: str, mime: str, tag: str, keep_s: int = 3600) -> HttpResponseBase:
    try:
        answer = FileResponse(path.open("rb"), content_type=mime)
    except FileNotFoundError as gone:
        raise Http404 from gone
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    # Even opened by itself it can run nothing and fetch nothing.
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["ETag"] = f'"{tag}"'
    answer["Cache-Control"] = f"private, max-age={keep_s}" if keep_s else "private, no-store"
    return answer
