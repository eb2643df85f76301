"""The world of the contract tests; `samples` is a package beside them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from samples import World
from small_county import make_user

from anlan.kernel.people.models import Role


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def keeper(world):
    """Someone who may see and change every register of the county, and see personal data when asked for."""
    roles = ("record_keeper", "leader", "resource_keeper")
    known = set(Role.objects.values_list("code", flat=True))
    return make_user("keeper", *(role for role in roles if role in known), region=world.county.county)
