"""Fetch a source: from a listed host alone, keep what came, and only then mark the file as taken.

Keeping may be repeated without harm, so what a kill cuts off between keeping and marking is fetched and kept again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan import environment
from anlan.apps.outside import rules
from anlan.apps.outside.addresses import address_of
from anlan.apps.outside.models import Feed, Fetch, Kind
from anlan.apps.outside.queries.feeds import MANAGE
from anlan.apps.outside.services import hotspots, quakes, stations
from anlan.apps.outside.services.counts import Counts
from anlan.apps.outside.services.hotspots import NoArea
from anlan.apps.outside.services.stations import NoSender
from anlan.formats.faults import Refused
from anlan.formats.feeds.rows import WrongHeading
from anlan.formats.findings import BadMessage
from anlan.kernel.notices import services as notices
from anlan.kernel.people.queries import people_with
from anlan.kernel.sensing.store import Busy, Full
from anlan.kernel.web import outgoing
from anlan.kernel.web.outgoing import File, NoFile, NotAllowed, Target
from anlan.kernel.web.refs import ref_of

#: The setting that lists the hosts.
HOSTS = "ANLAN_OUTSIDE_HOSTS"
#: Seconds for one file, and bytes of it, packed and unpacked.
WHOLE_S, MOST_BYTES = 60.0, 32 << 20

Get = Callable[..., File]
Keep = Callable[..., Counts]
_KEEPERS: dict[str, Keep] = {
    Kind.QUAKEML: quakes.keep,
    Kind.FDSN: quakes.keep,
    Kind.FIRMS: hotspots.keep,
    Kind.STATIONS: stations.keep,
}


def fetch(feed: Feed, *, now: datetime, get: Get = outgoing.fetch) -> bool:
    """Fetch a source that is on and take in what is new; False when that failed and is tried again later.

    get  (target, seconds, most, etag, modified) to the file; raises NoFile
    """
    feed = Feed.records.select_related("region", "device").get(pk=feed.pk)
    if not feed.enabled:
        return True
    began = time.monotonic()
    # Should this process die again and again, the source is not asked more often than it would be otherwise.
    Feed.records.filter(pk=feed.pk).update(fetched_at=now, next_at=now + timedelta(seconds=feed.period_s))
    try:
        file = get(_target(feed, now), seconds=WHOLE_S, most=MOST_BYTES, etag=feed.etag, modified=feed.modified)
        if not file.changed:
            _mark(feed, now)
            return True
        digest = hashlib.sha256(file.body).hexdigest()
        counts = None
        if digest != feed.digest:
            counts = _KEEPERS[feed.kind](feed, file.body, complete=file.complete, now=now)
    except NotAllowed as wrong:
        return _failed(feed, f"place_{wrong.code}", "", now, began)
    except NoFile as missing:
        return _failed(feed, missing.code, missing.said, now, began)
    except Refused as refused:
        return _failed(feed, "file", refused.code, now, began, said=refused.fault.plain())
    except WrongHeading as wrong_file:
        return _failed(feed, "heading", ", ".join(wrong_file.columns), now, began)
    except BadMessage as bad:
        return _failed(feed, "document", ", ".join(bad.codes), now, began)
    except NoArea:
        return _failed(feed, "area", "", now, began)
    except NoSender:
        return _failed(feed, "sender", "", now, began)
    except (Busy, Full) as full:
        return _failed(feed, "store", type(full).__name__, now, began)
    _mark(feed, now, file=file, digest=digest, counts=counts, took_ms=round((time.monotonic() - began) * 1000))
    return True


def _target(feed: Feed, now: datetime) -> Target:
    return outgoing.target_of(address_of(feed, now), environment.words(HOSTS))


@transaction.atomic
def _mark(
    feed: Feed, now: datetime, *, file: File | None = None, digest: str = "", counts: Counts | None = None,
    took_ms: int = 0,
) -> None:  # fmt: skip
    """Note that the source answered; with a file that it is taken."""
    found = {
        "fetched_at": now, "good_at": now, "failures": 0, "fault": "", "fault_said": "", "told_at": None,
        "next_at": now + timedelta(seconds=feed.period_s),
    }  # fmt: skip
    same = Feed.records.filter(pk=feed.pk, url=feed.url, layout=feed.layout)
    if file is not None and same.exists():
        # A source that was changed meanwhile is taken again as it is now.
        found |= {"etag": file.etag, "modified": file.modified, "digest": digest}
    elif file is not None:
        found |= {"next_at": None}
    Feed.records.filter(pk=feed.pk).update(**found)
    if counts is not None and file is not None:
        Fetch.objects.create(
            feed=feed, at=now, took_ms=took_ms, size=len(file.body), new=counts.new, changed=counts.changed,
            same=counts.same, elsewhere=counts.elsewhere, missing=counts.missing, refused=counts.refused,
            rows=counts.plain_rows(), others=counts.others,
        )  # fmt: skip


@transaction.atomic
def _failed(feed: Feed, code: str, what: str, now: datetime, began: float, *, said: Any = None) -> bool:
    feed.failures += 1
    wait = timedelta(seconds=rules.back_off_s(feed.failures, now))
    Feed.records.filter(pk=feed.pk).update(
        failures=feed.failures, fault=code, fault_said=what[:300], fetched_at=now, next_at=now + wait
    )
    if (feed.fault, feed.fault_said) != (code, what[:300]) or feed.failures == 1:
        Fetch.objects.create(
            feed=feed, at=now, took_ms=round((time.monotonic() - began) * 1000), fault=code, fault_said=what[:300],
            rows=[said] if said else [],
        )  # fmt: skip
    if feed.failures >= rules.told_after(now) and feed.told_at is None:
        Feed.records.filter(pk=feed.pk).update(told_at=now)
        name = feed.name
        notices.tell(
            people_with(MANAGE, feed.region),
            title=lambda: _("Outside data does not come: %(name)s") % {"name": name},
            body=lambda: _("The page of the source says why. It is tried again by itself."),
            ref=ref_of(feed),
            url=reverse("outside:feed", args=[feed.pk]),
            region=feed.region,
            now=now,
        )
    return False
