"""Access to a camera, looking at it, and keeping what it showed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan import environment
from anlan.apps.sites import pictures
from anlan.apps.sites.models import Camera, Protocol
from anlan.apps.sites.pictures import Login, NoPicture
from anlan.apps.sites.queries import may_look
from anlan.kernel.audit import services as audit
from anlan.kernel.evidence import services as evidence
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, require
from anlan.kernel.web import outgoing
from anlan.kernel.web.outgoing import NotAllowed as NoSuchPlace
from anlan.kernel.web.outgoing import Target
from anlan.kernel.web.refs import ref_of


class Refused(ValueError):
    """What was asked cannot be done; says why in words for the person who asked."""


@transaction.atomic
def set_access(camera: Camera, *, account: str, password: str, query: str, actor: User, now: datetime) -> Camera:
    """Replace what opens a camera's stream; all empty takes it away. The audit trail says that, not what.

    Raises NotAllowed without site.edit there, Refused for a password without a name.
    """
    require(actor, "site.edit", camera.region)
    account, query = account.strip(), query.strip().lstrip("?&")
    if password and not account:
        raise Refused(_("A password needs a user name."))
    if len(account) > 80 or len(password) > 120 or len(query) > 300:
        raise Refused(_("The user name, the password or the key is too long."))
    camera = Camera.records.select_for_update(of=("self",)).select_related("region").get(pk=camera.pk)
    before = {"access": "set" if camera.has_credentials else ""}
    camera.account, camera.password, camera.query = account, password, query
    camera.save(update_fields=("account", "password", "query"))
    after = {"access": "set" if camera.has_credentials else ""}
    audit.record(
        actor=actor, verb="camera.access", obj=camera, region=camera.region, before=before, after=after, now=now,
        note=_("taken away") if not camera.has_credentials else "",
    )  # fmt: skip
    return camera


def look(camera: Camera, *, actor: User, now: datetime) -> None:
    """Note that somebody opens the live picture. Raises NotAllowed."""
    if not may_look(actor, camera):
        raise NotAllowed("camera.look", camera.region)
    audit.record(actor=actor, verb="camera.look", obj=camera, region=camera.region, now=now)


def target_of(camera: Camera, url: str) -> Target:
    """Where to ask for a picture of this camera. Raises outgoing.NotAllowed."""
    return outgoing.target_of(url, environment.words("ANLAN_CAMERA_HOSTS"), query=camera.query)


def login_of(camera: Camera) -> Login:
    return Login(camera.account, camera.password)


def still_address(camera: Camera) -> str:
    """Where a single picture comes from, "" when from nowhere."""
    return camera.still or (camera.stream if camera.protocol == Protocol.MJPEG else "")


def keep_snapshot(camera: Camera, *, note: str, actor: User, now: datetime) -> Evidence:
    """Fetch one picture and keep it as evidence on the camera's record.

    Raises NotAllowed without the right to look, Refused when no picture comes.
    """
    if not may_look(actor, camera):
        raise NotAllowed("camera.look", camera.region)
    address = still_address(camera)
    if not address:
        raise Refused(_("This camera gives no single pictures: enter an address of a still picture, or MJPEG."))
    try:
        picture = pictures.still(target_of(camera, address), login_of(camera))
        prepared = evidence.prepare(picture)
    except NoSuchPlace as wrong:
        raise Refused(place_words(wrong)) from wrong
    except NoPicture as missing:
        raise Refused(picture_words(missing)) from missing
    except evidence.Refused as bad:
        raise Refused(str(bad)) from bad
    name = f"{camera.code} {timezone.localtime(now):%Y-%m-%d %H%M%S}.jpg"
    with transaction.atomic():
        kept = evidence.keep(
            file=prepared, name=name, ref=ref_of(camera), role="snapshot", region=camera.region, actor=actor, now=now,
            note=note,
        )  # fmt: skip
        after = {"evidence": kept.pk, "sha256": prepared.sha256}
        audit.record(actor=actor, verb="camera.snapshot", obj=camera, region=camera.region, after=after, now=now)
    return kept


def place_words(wrong: NoSuchPlace) -> str:
    """Why the product does not connect there, and how that is mended."""
    if wrong.code == "unknown":
        return _("The host of the camera's address is not known on this network; check the address.")
    if wrong.code == "scheme":
        return _("Pictures are fetched by http and https only.")
    return _(
        "The host of the camera's address is not allowed. Whoever runs the server adds it to ANLAN_CAMERA_HOSTS; "
        "until then Anlan does not connect to it."
    )


def picture_words(missing: NoPicture) -> str:
    """Why no picture came."""
    words = {
        "connect": _("The camera cannot be reached."),
        "time": _("The camera did not answer in time."),
        "refused": _("The camera refused; check address, user name and password."),
        "kind": _("What came is no picture; check the address and the protocol."),
        "large": _("The picture is too large."),
        "elsewhere": _("The stream leads to another place than its address; that is not followed."),
        "busy": _("Too many live pictures are open; close one and load anew."),
    }
    return words[missing.code]
