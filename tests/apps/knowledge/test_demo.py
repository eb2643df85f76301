"""The demo's library is made by the verbs, and holds something of every kind."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

from small_county import NOW

from anlan.apps.knowledge.models import Document, Note
from anlan.apps.knowledge.queries import Asked, search, sheet_of
from anlan.apps.knowledge.sheets import accident_kinds
from anlan.demo.fill import knowledge
from anlan.kernel.people.services import system_user


def test_the_demo_fills_every_kind(world):
    county = SimpleNamespace(towns=[SimpleNamespace(code=world.canglang.code)])
    knowledge.fill(county, actor=system_user("demo"), now=NOW)
    counts = Counter(Document.objects.values_list("kind", flat=True))
    assert counts == {"law": 5, "own": 4, "standard": 1, "case": 7, "sheet": 13}
    assert Note.objects.count() == 3
    known = accident_kinds(NOW)
    assert all(row.accident in known for row in Document.objects.filter(kind="case"))
    for row in Document.objects.filter(kind="sheet"):
        assert [one.number for one in row.clauses.filter(level="sheet")] == [str(n) for n in range(1, 17)]
        assert sheet_of(row.cas, world.duty, NOW.date()) == row
    newer = Document.objects.exclude(replaces=None).get()
    assert newer.replaces.state(NOW.date()) == "repealed"
    assert search(world.duty, Asked("液氨 法兰"), NOW.date()).total >= 1
    standard = Document.objects.get(kind="standard")
    assert standard.clauses.get(anchor="4.1.2").unit == standard.clauses.get(anchor="4.1.2").position
