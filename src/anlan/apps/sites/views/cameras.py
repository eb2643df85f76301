"""A camera's live picture, its access, and keeping a picture."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.apps.sites import pictures, queries
from anlan.apps.sites.declarations import CAMERAS
from anlan.apps.sites.models import Camera, Protocol
from anlan.apps.sites.pictures import NoPicture
from anlan.apps.sites.services import cameras as services
from anlan.kernel.evidence import queries as evidence
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may
from anlan.kernel.web.outgoing import NotAllowed as NoSuchPlace
from anlan.kernel.web.outgoing import Target
from anlan.kernel.web.refs import address_of, ref_of

#: Open moving pictures of this process.
SEATS = pictures.Seats()
PLAYABLE = (Protocol.MJPEG, Protocol.HLS)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _camera(request: HttpRequest, code: str) -> Camera:
    """The camera; foreign and missing look the same."""
    camera: Camera | None = CAMERAS.rows(request.user).filter(code=code).first()
    if camera is None:
        raise Http404
    return camera


def _looked_at(request: HttpRequest, code: str) -> Camera:
    """A camera whose picture the viewer may see; any other looks like none."""
    camera = _camera(request, code)
    if not queries.may_look(request.user, camera):
        raise Http404
    return camera


@require_safe
@csp_update({"media-src": [SELF, "blob:"]})  # what is put together from the parts of an HLS stream is played as a blob
def live(request: HttpRequest, code: str) -> HttpResponse:
    """The live picture, or in words why there is none."""
    camera = _camera(request, code)
    allowed = queries.may_look(request.user, camera)
    why = _why_not(camera) if allowed else _("Your right does not let you look at this camera.")
    if allowed:
        services.look(camera, actor=_actor(request), now=timezone.now())
    kept = evidence.of(ref_of(camera)).filter(role="snapshot").order_by("-at")[:12] if allowed else ()
    context: dict[str, Any] = {
        "camera": camera,
        "why": why,
        "allowed": allowed,
        "may_keep": allowed and bool(services.still_address(camera)),
        "kept": list(kept),
        "seconds": int(pictures.LIVE_S),
        "playlist": _playlist_url(camera) if camera.protocol == Protocol.HLS and not why else "",
        "may_edit": may(request.user, CAMERAS.edit, camera.region),
        "now": timezone.now(),
    }
    return render(request, "sites/live.html", context, status=200 if allowed else 403)


def _why_not(camera: Camera) -> str:
    """Why no live picture is shown; "" when one is."""
    if not camera.stream:
        return _("No address is entered for this camera.")
    if camera.protocol not in PLAYABLE:
        return _(
            "%(protocol)s cannot be played in a browser without a media server. Enter the HLS or MJPEG address of the "
            "camera, its recorder or the video platform instead."
        ) % {"protocol": camera.get_protocol_display()}
    try:
        services.target_of(camera, camera.stream)
    except NoSuchPlace as wrong:
        return services.place_words(wrong)
    return ""


def _playlist_url(camera: Camera) -> str:
    path, _sep, query = camera.stream.partition("?")
    name = path.rpartition("/")[2]
    return reverse("sites:hls", args=[camera.code, name]) + (f"?{query}" if query else "")


@require_safe
def picture(request: HttpRequest, code: str) -> HttpResponseBase:
    """The moving picture of an MJPEG camera through us, for two minutes."""
    camera = _looked_at(request, code)
    if camera.protocol != Protocol.MJPEG or not camera.stream:
        raise Http404
    try:
        target = services.target_of(camera, camera.stream)
        seat = SEATS.take(_actor(request).pk)
    except NoSuchPlace as wrong:
        return HttpResponse(services.place_words(wrong), status=502, content_type="text/plain; charset=utf-8")
    except NoPicture as busy:
        return HttpResponse(services.picture_words(busy), status=429, content_type="text/plain; charset=utf-8")
    answer = StreamingHttpResponse(
        _seated(seat, target, services.login_of(camera)),
        content_type=f"multipart/x-mixed-replace; boundary={pictures.BOUNDARY}",
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"
    return answer


async def _seated(seat: tuple[int, float], target: Target, login: pictures.Login) -> AsyncIterator[bytes]:
    try:
        async for part in pictures.moving(target, login):
            yield part
    finally:
        SEATS.leave(seat)


@require_safe
def hls(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """A part of an HLS stream through us: playlists with their addresses led through us, the rest as it is."""
    camera = _looked_at(request, code)
    if camera.protocol != Protocol.HLS or not camera.stream:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    try:
        url = pictures.inside(camera.stream, name) + (f"?{query}" if query else "")
        content, kind = pictures.part(services.target_of(camera, url), services.login_of(camera))
        if kind == "application/vnd.apple.mpegurl":
            door = reverse("sites:hls", args=[camera.code, "-"])[:-1]
            text = content.decode("utf-8", "replace")
            content = pictures.rewritten(text, url=url, stream=camera.stream, door=door).encode()
    except NoSuchPlace as wrong:
        return HttpResponse(services.place_words(wrong), status=502, content_type="text/plain; charset=utf-8")
    except NoPicture as missing:
        return HttpResponse(services.picture_words(missing), status=502, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(content, content_type=kind)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def snapshot(request: HttpRequest, code: str) -> HttpResponse:
    """Keep what the camera shows now."""
    camera = _looked_at(request, code)
    try:
        services.keep_snapshot(
            camera, note=request.POST.get("note", "")[:200], actor=_actor(request), now=timezone.now()
        )
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The picture is kept with the documents of the camera."))
    return redirect("sites:live", camera.code)


@require_http_methods(["GET", "HEAD", "POST"])
def access(request: HttpRequest, code: str) -> HttpResponse:
    """Enter what opens the stream; what was entered before is never shown."""
    camera = _camera(request, code)
    if not may(request.user, CAMERAS.edit, camera.region):
        raise Http404
    fault = ""
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in ("account", "password", "query")}
        if request.POST.get("do") == "clear":
            given = dict.fromkeys(given, "")
        elif not any(given.values()):
            fault = _("Nothing was entered; to take the access away, use the button for it.")
        try:
            if not fault:
                services.set_access(camera, **given, actor=_actor(request), now=timezone.now())
                messages.success(request, _("The access to the camera is kept, sealed."))
                return redirect(address_of(camera))
        except services.Refused as refused:
            fault = str(refused)
    return render(request, "sites/access.html", {"camera": camera, "fault": fault}, status=422 if fault else 200)
