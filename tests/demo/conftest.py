"""The demo county, built once for all tests of this room."""

import pytest

from anlan.demo.county.build import build
from anlan.demo.county.model import County


@pytest.fixture(scope="session")
def county() -> County:
    return build()
