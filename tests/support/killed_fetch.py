"""A fetch whose process is killed; its test lets `main` run in a process and an installation of its own.

One line of JSON is printed for each moment: what is kept by then, and what the source knows of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import file_server
from django.db import connection
from django.utils import timezone
from outside_world import fdsn_row, fdsn_text
from small_county import make_user, plant_county

from anlan.apps.outside.models import Feed, Fetch, Kind, Quake, Revision
from anlan.apps.outside.services import feeds, fetching, quakes
from anlan.apps.outside.services.feeds import Said
from anlan.kernel.notices.models import Notice

TOP = Path(__file__).resolve().parents[2]
EVENTS = 3 * quakes.AT_ONCE


def fetch_and_die(pk: int, at: str) -> None:
    """The child: fetch, and be killed after the first portion ("portion"), or when all is kept ("mark")."""

    def die(*_given: Any, **_more: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    if at == "mark":
        fetching._mark = die
    else:
        keep, kept = quakes._keep_some, []

        def some(*given: Any) -> Any:
            if kept:
                die()
            kept.append(1)
            return keep(*given)

        quakes._keep_some = some
    fetching.fetch(Feed.records.get(pk=pk), now=timezone.now())


def tell(moment: str, feed: Feed) -> None:
    feed.refresh_from_db()
    print(
        json.dumps({
            "moment": moment, "quakes": Quake.objects.count(), "revisions": Revision.objects.count(),
            "ids": Quake.objects.values("public_id").distinct().count(), "marked": bool(feed.digest),
            "fetches": Fetch.objects.count(), "notices": Notice.objects.filter(ref__startswith="quake:").count(),
        }),
        flush=True,
    )  # fmt: skip


def killed(feed: Feed, at: str) -> None:
    code = f"import django; django.setup(); import killed_fetch; killed_fetch.fetch_and_die({feed.pk}, {at!r})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=TOP, check=False).returncode
    if ended != -signal.SIGKILL:
        raise SystemExit(f"the fetch was not killed but ended with {ended}")
    connection.close()


def main() -> None:
    """Kill a fetch after a portion and another before its mark; then let one come to its end, twice."""
    with file_server.running() as host:
        os.environ["ANLAN_OUTSIDE_HOSTS"] = f"127.0.0.1:{host.port}"
        county = plant_county()
        engineer = make_user("engineer", "monitoring_engineer", region=county.county)
        make_user("officer", "duty_officer", region=county.county)
        at = f"{timezone.now():%Y-%m-%dT%H:%M:%S}"
        rows = [fdsn_row(f"e{n:04d}", at=at, mag=4.2 if n == 7 else 1.0) for n in range(EVENTS)]
        said = Said(
            name="目录", kind=Kind.FDSN, url=host.file("/q.txt", fdsn_text(*rows)), region=county.county, period_s=300,
            attribution="-",
        )  # fmt: skip
        now = timezone.now()
        feed = feeds.switch(feeds.add_feed(said, actor=engineer, now=now), on=True, actor=engineer, now=now)
        killed(feed, "portion")
        tell("portion", feed)
        killed(feed, "mark")
        tell("mark", feed)
        for _twice in range(2):
            fetching.fetch(feed, now=timezone.now())
        tell("done", feed)
