from __future__ import annotations

import pytest

from anlan.kernel.indicators import named

pytestmark = pytest.mark.django_db


def test_a_code_that_nobody_declared_is_its_own_title():
    assert named.title("WS99") == "WS99"
    assert named.address("WS03", "990123", 2025) == "/indicators/of/WS03/?region=990123&year=2025"
    assert named.address("WS03") == "/indicators/of/WS03/"
