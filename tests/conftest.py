"""What every test starts from: nothing remembered from the test before, and marks of the audit chain of its own."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.utils import translation

#: Real hashing costs a quarter of a second an account. Tests of the door ask for the real one by themselves.
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

#: Files with few tests that take longest. They begin, so that no worker sits at one when the others have ended.
LONGEST = ("simulator/test_populate.py", "server/test_migrations.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, the longest files begin, then those with most tests; within a file the order stays."""
    if not hasattr(config, "workerinput"):
        return
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (not item.path.as_posix().endswith(LONGEST), -tests[item.path]))


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: Python need not look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test of the product gets a process that knows no rights, no regions and no reader's language, as after a start.

    Tests of the pure rooms, which may run without Django, are left alone.
    """
    rights = sys.modules.get("anlan.kernel.people.rights")
    regions = sys.modules.get("anlan.kernel.regions.queries")
    columns = sys.modules.get("anlan.kernel.registers.columns.store")
    if rights is None or regions is None:
        yield
        return
    if settings.PASSWORD_HASHERS != QUICK_HASHERS:
        settings.PASSWORD_HASHERS = QUICK_HASHERS
        hashers.get_hashers.cache_clear()
    kept = getattr(settings, "AUDIT_ROOT", None)
    settings.AUDIT_ROOT = request.getfixturevalue("tmp_path")
    translation.deactivate()  # a page that was asked for in English leaves its language to the thread
    rights.forget()
    regions.forget()
    if columns is not None:
        columns.forget()
    yield
    settings.AUDIT_ROOT = kept
