"""Open and close the places that messages come from; give whoever pushes a token."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.warning import outside
from anlan.apps.warning.models import Signature, Source
from anlan.apps.warning.services.errors import Refused
from anlan.apps.warning.words import ERRORS
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions

#: Seconds between two looks, least and most.
LEAST_S, MOST_S = 30, 86_400


@transaction.atomic
def add(*, name: str, url: str, period_s: int, signature: str, actor: User, now: datetime) -> Source:
    """Enter a source, closed. Raises NotAllowed without warning.source; Refused for what cannot be meant."""
    require(actor, "warning.source", regions.root())
    source = Source(by=actor, at=now)
    _describe(source, name, url, period_s, signature)
    source.save()
    _tell(source, "warning.source", actor, now)
    return source


@transaction.atomic
def change(
    source: Source, *, name: str, url: str, period_s: int, signature: str, enabled: bool, actor: User, now: datetime
) -> Source:  # fmt: skip
    """Describe a source anew, open or close it. Raises NotAllowed, Refused."""
    require(actor, "warning.source", regions.root())
    source = Source.objects.select_for_update().get(pk=source.pk)
    was = (source.url, source.enabled)
    _describe(source, name, url, period_s, signature)
    source.enabled = enabled
    if (source.url, source.enabled) != was:
        # From the beginning: what is in the feed now counts anew, and no old answer says that nothing has changed.
        source.etag, source.last_modified, source.next_poll, source.failures, source.last_error = "", "", None, 0, ""
        source.opened_at = now if enabled else None
    source.save()
    _tell(source, "warning.source_change", actor, now)
    return source


@transaction.atomic
def new_token(source: Source, *, actor: User, now: datetime) -> str:
    """A token to push with; shown once, and the former one ends. Raises NotAllowed without warning.source."""
    require(actor, "warning.source", regions.root())
    token = secrets.token_urlsafe(32)
    source.token_hash = _hash(token)
    source.save(update_fields=("token_hash",))
    _tell(source, "warning.source_token", actor, now)
    return token


@transaction.atomic
def end_token(source: Source, *, actor: User, now: datetime) -> None:
    """Let nobody push for this source any more. Raises NotAllowed without warning.source."""
    require(actor, "warning.source", regions.root())
    source.token_hash = ""
    source.save(update_fields=("token_hash",))
    _tell(source, "warning.source_token", actor, now)


def of_token(token: str) -> Source | None:
    """The open source that a token pushes for; None for any other."""
    if not 20 <= len(token) <= 200:
        return None
    return Source.objects.filter(token_hash=_hash(token), enabled=True).first()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _describe(source: Source, name: str, url: str, period_s: int, signature: str) -> None:
    name, url = name.strip(), url.strip()
    if not 1 <= len(name) <= 80:
        raise Refused(_("Say whose source this is."))
    if Source.objects.filter(name=name).exclude(pk=source.pk).exists():
        raise Refused(_("There is a source of this name already."))
    if url and (len(url) > 500 or (fault := outside.fault_of(url))):
        raise Refused(str(ERRORS[fault if len(url) <= 500 else "shape"]))
    if not LEAST_S <= period_s <= MOST_S:
        raise Refused(_("A source is asked every %(least)d to %(most)d seconds.") % {"least": LEAST_S, "most": MOST_S})
    if signature not in Signature.values:
        raise Refused(_("Say whether a signature must hold."))
    source.name, source.url, source.period_s, source.signature = name, url, period_s, signature


def _tell(source: Source, verb: str, actor: User, now: datetime) -> None:
    audit.record(
        actor=actor, verb=verb, obj=source, region=regions.root(), now=now,
        after={"name": source.name, "url": source.url, "enabled": source.enabled, "signature": source.signature,
               "period_s": source.period_s, "pushes": bool(source.token_hash)},
    )  # fmt: skip
