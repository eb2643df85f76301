"""What every test starts from: nothing remembered from the test before, and marks of the audit chain of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth import hashers

#: Real hashing costs a quarter of a second an account. Tests of the door ask for the real one by themselves.
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test of the product gets a process that knows no rights and no regions, as after a start.

    Tests of the pure rooms, which may run without Django, are left alone.
    """
    rights = sys.modules.get("anlan.kernel.people.rights")
    regions = sys.modules.get("anlan.kernel.regions.queries")
    if rights is None or regions is None:
        yield
        return
    if settings.PASSWORD_HASHERS != QUICK_HASHERS:
        settings.PASSWORD_HASHERS = QUICK_HASHERS
        hashers.get_hashers.cache_clear()
    kept = getattr(settings, "AUDIT_ROOT", None)
    settings.AUDIT_ROOT = request.getfixturevalue("tmp_path")
    rights.forget()
    regions.forget()
    yield
    settings.AUDIT_ROOT = kept
