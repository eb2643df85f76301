"""Server time of the library's search.

#: bench: knowledge-search

The statutes recorded beside the project (`../shared/data/text`, or the folder that ANLAN_SHARED_DATA names) are taken
in by the library's own verbs into a database of their own (SQLite, default settings; ANLAN_BENCH_DATABASE_URL asks for
another one). Then a duty officer asks through Django's whole stack: words of one sign, of two, three and more, phrases
and several words, with and without filters, any page of the hits.

knowledge-search  pages of hits, 95th percentile, ms; goal at most 100.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.registers import client_of, prepare

ASKED = 200
SEED = 20261128
GOAL = 100.0
TEXTS = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")) / "text"


def fill() -> tuple[Any, list[str]]:
    """The county, a reader, the statutes; returns the reader and every clause's text."""
    from anlan.apps.knowledge.models import Clause
    from anlan.apps.knowledge.services.library import Facts, keep_text
    from anlan.formats.texts.cutting import cut
    from anlan.formats.texts.reading import Limits, read_text
    from anlan.kernel.people.models import Grant, Role, User
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.services import Planting, plant
    from anlan.kernel.rulebook.services import load_shipped

    now = datetime.now(UTC)
    load_shipped(now)
    (county,) = plant([Planting("990123", "安澜县", "county")])
    reader = User.objects.create_user("reader", "a long enough password", name="甘若谷")
    Grant.objects.create(user=reader, role=Role.objects.get(code="duty_officer"), region=county)
    actor = system_user("bench")
    for path in sorted(TEXTS.glob("law_*.md")):
        found = cut(read_text(path, Limits()))
        facts = Facts(kind="law", title=found.title, issued_on=found.issued, in_force_on=found.in_force)
        began = time.perf_counter()
        keep_text(found, facts, actor=actor, now=now)
        print(f"{found.title}: {len(found.pieces)} clauses kept in {time.perf_counter() - began:.2f} s", flush=True)
    return reader, [text for text in Clause.objects.values_list("text", flat=True) if len(text) > 20]


def questions(texts: list[str]) -> list[dict[str, str]]:
    """Words as they stand in the texts, the commonest signs among them; no two pages alike."""
    chance = random.Random(SEED)
    common = ("的", "应", "安全", "应急", "人民政府", "安全生产", "应当 责令")
    found: list[dict[str, str]] = [{"q": one} for one in common]
    while len(found) < ASKED:
        text = chance.choice(texts)
        length = chance.choice((1, 2, 3, 4, 8, 16))
        at = chance.randrange(len(text) - length)
        asked = {"q": text[at : at + length]}
        if chance.random() < 0.3:
            asked["q"] += " " + text[:2]
        if chance.random() < 0.3:
            asked["state"] = "in_force"
        if chance.random() < 0.3:
            asked["page"] = str(chance.randrange(1, 6))
        found.append(asked)
    return found


def main(_arguments: list[str]) -> int:
    if not list(TEXTS.glob("law_*.md")):
        print(f"The statutes are not in {TEXTS}; name their folder's parent with ANLAN_SHARED_DATA.")
        return 1
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        from anlan.apps.knowledge.models import Posting

        reader, texts = fill()
        print(f"{len(texts)} clauses, {Posting.objects.count()} postings; {how_busy()}", flush=True)
        client = client_of(reader)
        took = []
        for asked in [{"q": "先"}, *questions(texts)]:
            began = time.perf_counter()
            answer = client.get("/knowledge/", asked)
            took.append((time.perf_counter() - began) * 1_000)
            assert answer.status_code == 200, answer.status_code
        took = took[1:]  # the first question compiles templates
        slowest = max(took)
        print(f"median {percentile(took, 0.5):.1f} ms, slowest {slowest:.1f} ms of {len(took)} questions")
        return verdict("knowledge-search", percentile(took, 0.95), GOAL, at_most=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
