"""Leave an audit entry."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from anlan.kernel.audit.models import Entry
from anlan.kernel.people.models import User
from anlan.kernel.people.trail import origin
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of

#: Fields whose value never goes into the trail, wherever they stand (S7).
SECRET_FIELDS = frozenset({"password", "key", "key_hash", "secret", "token", "session", "credential"})


def record(
    *,
    actor: User | None,
    verb: str,
    obj: models.Model | str | None = None,
    region: Region | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
    now: datetime,
    source: str = "",
    outcome: str = "done",
    once_in: timedelta | None = None,
) -> Entry:
    """Write who did what in the running transaction, so that the entry stands or falls with the change.

    actor          None only where nobody is known yet (a refused sign-in)
    obj            the row changed, or its ref
    before, after  the fields that changed; secrets are struck out
    source         where from; the address of the running request when not given
    outcome        "done", "refused", "locked"
    once_in        leave out a repetition of the same act on the same subject within this time
    """
    ref = ref_of(obj) if isinstance(obj, models.Model) else obj or ""
    if once_in is not None:
        same = Entry.objects.filter(ref=ref, verb=verb, outcome=outcome, at__gt=now - once_in).order_by("id").last()
        if same is not None:
            return same
    return Entry.objects.create(
        at=now,
        actor_id=actor.pk if actor else None,
        actor_name=_text(actor.name or actor.username, 80) if actor else "",
        verb=verb,
        ref=ref[:80],
        region_path=region.path if region is not None else "",
        before=_plain(before or {}),
        after=_plain(after or {}),
        note=_text(note, 2000),
        source=_text(source or origin.get(), 60),
        outcome=outcome,
        nonce=secrets.token_hex(16),
    )


def _text(value: str, size: int) -> str:
    return value.replace("\x00", "")[:size]


def _plain(fields: Mapping[str, Any]) -> Any:
    """Values as JSON keeps them: moments as text, lazy words resolved, numbers that JSON cannot say as text."""
    return json.loads(json.dumps(_clean(fields), cls=DjangoJSONEncoder, allow_nan=False))


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): "***" if str(k) in SECRET_FIELDS else _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, models.Model):
        return ref_of(value)
    return _text(value, 2000) if isinstance(value, str) else value
