"""Mappings on a real database, several hands at once; run as a process: `python mappings_at_once.py DATA [URL]`.

Without a URL the database is an SQLite file in the directory; with one it is an empty PostgreSQL database. Prints one
JSON object of what happened.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from at_once import at_once

BODY = {
    "topic": "same/{device}",
    "device": {"from": "topic", "part": "device"},
    "time": {"form": "epoch_s", "path": "t"},
    "sensors": [{"name": "v", "sensor": "v"}],
}


def main() -> None:
    data = Path(sys.argv[1])
    os.environ["ANLAN_DATA"] = str(data)
    os.environ["ANLAN_DATABASE_URL"] = url = sys.argv[2] if len(sys.argv) > 2 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    made, raised = drafts()
    forced, refused = put()
    told = {"made": len(made), "raised": raised, "forced": len(forced), "refused": refused}
    print(json.dumps(told | gateway(url or f"sqlite://{data / 'records.sqlite3'}")))


def drafts() -> tuple[list[Any], list[str]]:
    """Everybody saves a draft of the same topic under another code."""
    from django.utils import timezone

    from anlan.apps.mappings import services
    from anlan.formats.vendor_json import read_mapping
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region

    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")
    hands = system_user("tests")

    def save(n: int) -> str:
        made = services.draft_mapping(
            code=f"v{n}", name="x", region=county, rules=read_mapping(BODY), actor=hands, now=timezone.now()
        )
        return made.code

    return at_once(save)


def put() -> tuple[list[Any], list[str]]:
    """Everybody puts the one that was saved in force."""
    from django.utils import timezone

    from anlan.apps.mappings import services
    from anlan.apps.mappings.models import Mapping
    from anlan.kernel.people.services import system_user

    hands, now = system_user("tests"), timezone.now()
    mapping = Mapping.records.select_related("region").get()
    for value in (1, 2):
        payload = f'{{"t": 1795320000, "v": {value}}}'
        services.keep_example(mapping, topic="same/A1", payload=payload, at_ms=0, actor=hands, now=now)
    return at_once(lambda _n: services.put_in_force(mapping, actor=hands, now=now))


def gateway(url: str) -> dict[str, Any]:
    """What the gateway reads and notes by plain SQL in this database."""
    from django.utils import timezone

    from anlan.apps.mappings import services
    from anlan.apps.mappings.models import Caller, Fault, Link, Mapping
    from anlan.gateways.records import PlainRecords
    from anlan.gateways.vendors.records import VendorRecords
    from anlan.gateways.vendors.taking import Vendors
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region
    from anlan.kernel.sensing.door.directory import Directory
    from anlan.kernel.sensing.models import Device, Point

    county = Region.objects.get()
    device = Device.records.create(code="gw-1", name="x", region=county, key_hash="")
    Point.records.create(code="gw-1/v", name="x", kind="other", region=county, device=device)
    hands, now = system_user("tests"), timezone.now()
    mapping = Mapping.records.select_related("region").get()
    services.link_device(mapping, device, number="A1", sensors={}, actor=hands, now=now)
    directory = Directory(PlainRecords(url))
    directory.refresh()
    vendors = Vendors(VendorRecords(url), directory)
    vendors.refresh()
    at_ms = 1_795_320_000_000
    batches = []
    for _twice in range(2):
        batches += vendors.batches("same/A1", b'{"t": 1795320000, "v": 1.5}', "", at_ms)
        batches += vendors.batches("same/A1", b"no json", "", at_ms)
        batches += vendors.batches("same/B9", b'{"t": 1795320000, "v": 1.5}', "", at_ms)
        vendors.notes.write(vendors.records)
    vendors.records.close()
    directory.records.close()
    return {
        "readings": sum(batch.n for batch in batches),
        "messages": Link.objects.get().messages,
        "callers": list(Caller.objects.values_list("number", "messages")),
        "faults": list(Fault.objects.values_list("number", "fault", "count")),
    }


if __name__ == "__main__":
    main()
