"""Many hands at once on a real database; run as a process of its own: `python at_once.py DATA_DIRECTORY [URL]`.

Without a URL the database is an SQLite file in the directory; with one it is an empty PostgreSQL database.

Prints one JSON object of what happened. Tests inside one transaction cannot see what threads do to each other.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

THREADS = 6


def at_once(work: Callable[[int], Any]) -> tuple[list[Any], list[str]]:
    """Call `work(n)` in every thread at the same moment; what came back, and the classes of what was raised."""
    from django.db import connection

    start = threading.Barrier(THREADS)
    came: list[Any] = []
    raised: list[str] = []

    def run(n: int) -> None:
        try:
            start.wait()
            came.append(work(n))
        except Exception as fault:
            raised.append(type(fault).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came, sorted(raised)


def main() -> None:
    os.environ["ANLAN_DATA"] = sys.argv[1]
    os.environ["ANLAN_DATABASE_URL"] = sys.argv[2] if len(sys.argv) > 2 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    # From the models: tests/server/test_migrations.py shows that the migrations make the same tables, in half a minute.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    print(json.dumps({"numbers": numbers(), "case": case(), "jobs": jobs(), "notices": notices()}))


def numbers() -> dict[str, Any]:
    """Each thread takes ten numbers."""
    from cases_world import NOW

    from anlan.kernel.chains.numbers import next_number

    came, raised = at_once(lambda n: [next_number("AL", NOW) for _i in range(10)])
    return {"given": sorted(number for some in came for number in some), "raised": raised}


def case() -> dict[str, Any]:
    """Each thread closes the same case, which all of them have seen at the same revision."""
    from cases_world import LOOP, NOW, person, place

    from anlan.kernel.audit.models import Entry
    from anlan.kernel.cases import services
    from anlan.kernel.cases.declarations import workflow
    from anlan.kernel.cases.effects import register
    from anlan.kernel.cases.models import Trail
    from anlan.kernel.chains.services import open_chain
    from anlan.kernel.people.services import system_user

    register("test.noted", lambda case, **context: None)
    declared = workflow(LOOP)
    town = place("1", "镇", "town", None)
    hands = system_user("tests")
    officers = [person(f"officer-{n}", f"值班员 {n}", town, ["case.assign", "case.see"]) for n in range(THREADS)]
    chain = open_chain("alarm", title="泄漏", region=town, now=NOW, actor=hands)
    opened = services.open_case(declared, region=town, title="泄漏", chain=chain, now=NOW, actor=hands, clock="")

    def close(n: int) -> str:
        return services.act(opened, "withdraw", actor=officers[n], now=NOW, revision=0).state

    came, raised = at_once(close)
    return {
        "done": came,
        "raised": raised,
        "trail": Trail.objects.filter(do="withdraw").count(),
        "audit": Entry.objects.filter(verb="case.withdraw").count(),
    }


def jobs() -> dict[str, Any]:
    """Each thread is a worker; twenty jobs and one time of cron wait."""
    from cases_world import NOW

    from anlan.kernel.jobs import registry, services, worker
    from anlan.kernel.jobs.models import Job

    calls: list[int] = []
    registry._timetables.clear()

    @registry.job("test.count")
    def count(*, now: Any, n: int) -> None:
        calls.append(n)

    for n in range(20):
        services.enqueue("test.count", {"n": n}, now=NOW)
    registry.cron("*/5 * * * *", "test.count", n=99)
    _came, raised = at_once(lambda n: worker.run_once(NOW, f"worker {n}"))
    return {
        "calls": sorted(calls),
        "raised": raised,
        "states": sorted(set(Job.objects.values_list("state", flat=True))),
    }


def notices() -> dict[str, Any]:
    """Each thread delivers; thirty notices wait."""
    from cases_world import NOW

    from anlan.kernel.notices import services
    from anlan.kernel.notices.models import Notice
    from anlan.kernel.people.models import User
    from anlan.kernel.web.models import Event

    Notice.objects.all().delete()
    reader = User.objects.create(username="reader", name="读者")
    for n in range(30):
        services.tell([reader], title=str(n), now=NOW)
    came, raised = at_once(lambda n: services.deliver(NOW))
    titles = sorted(Event.objects.filter(kind="notice.new", user_id=reader.pk).values_list("data__title", flat=True))
    return {"sent": sum(came), "raised": raised, "titles": titles}


if __name__ == "__main__":
    main()
