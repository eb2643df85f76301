"""What the documentation tells those who write the other side is so."""

from __future__ import annotations

import re

import pytest
from cryptography.exceptions import InvalidSignature
from django.conf import settings
from exchange_world import lines_of, site, subscribed
from small_county import NOW

from anlan.apps.exchange import feed, keys, rules
from anlan.apps.exchange.services import delivery
from anlan.formats import jws

API = (settings.ROOT / "docs/exchange-api.md").read_text(encoding="utf-8")
HOW_TO = (settings.ROOT / "docs/how-to/exchange-data.md").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_the_program_in_the_document_reads_our_lines_and_refuses_changed_ones(world):
    (program,) = re.findall(r"```python\n(.*?)```", API, re.DOTALL)
    names: dict[str, object] = {}
    exec(program, names)
    opened = names["opened"]
    for n in range(3):
        site(world, f"企业{n}")
    row = subscribed(world)
    lines = lines_of(row)
    site(world, "又一家")
    lines += lines_of(row, 2)
    x = jws.as_jwk(keys.public_key())["x"]
    seq, digest = 0, ""
    for line in lines:
        said, digest = opened(line, x, seq, digest)
        seq = said["seq"]
    assert seq == 3
    with pytest.raises(InvalidSignature):
        opened(lines[1].replace(lines[1].split(".")[1], lines[0].split(".")[1]), x, 0, "")
    with pytest.raises(AssertionError):
        opened(lines[2], x, 1, jws.digest(lines[0]))


@pytest.mark.django_db
def test_limits_and_spans_in_the_documents_are_those_in_force():
    assert f"at most {delivery.MOST} and about 1 MiB" in API
    assert delivery.MOST_BYTES == 1 << 20
    assert f"At most {feed.WINDOW} messages wait" in API
    delivering = rules.rule(rules.DELIVERY, NOW).body
    assert delivering["back_off_s"] == [5, 10, 20, 60, 300, 900]
    assert "after 5, 10, 20, 60, 300 and then every 900 s" in HOW_TO
    assert delivering["told_after_s"] < 60
    days = rules.rule(rules.KEEPING, NOW).body["keep_days"]
    assert f"for {days}\ndays" in HOW_TO
