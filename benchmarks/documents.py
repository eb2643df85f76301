"""From the upload of a plan to the page on which a person reviews it.

#: bench: documents-review

The longest of the plans recorded beside the project (`../shared/data/policy`, or the folder that ANLAN_SHARED_DATA
names) is uploaded through Django's whole stack into a database of its own (SQLite, default settings;
ANLAN_BENCH_DATABASE_URL asks for another one): read in a process of its own, cleaned, cut, searched, kept, and its
review fetched. A sign is added each time, for the same file is not taken twice.

documents-review  seconds from sending the file to the whole page of its review, slowest of five; goal at most 3.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.figure import how_busy, seconds, verdict
from benchmarks.registers import client_of, prepare

ROUNDS = 5
GOAL = 3.0
TEXTS = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")) / "policy"


def main(_arguments: list[str]) -> int:
    plans = sorted(TEXTS.glob("*.txt"), key=lambda path: path.stat().st_size)
    if not plans:
        print(f"The plans are not in {TEXTS}; name their folder's parent with ANLAN_SHARED_DATA.")
        return 1
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        from django.core.files.uploadedfile import SimpleUploadedFile

        from anlan.apps.goals.models import Draft
        from anlan.kernel.people.models import Grant, Role, User
        from anlan.kernel.regions.services import Planting, plant

        (county,) = plant([Planting("990123", "安澜县", "county")])
        keeper = User.objects.create_user("keeper", "a long enough password", name="甘若谷")
        Grant.objects.create(user=keeper, role=Role.objects.get(code="record_keeper"), region=county)
        client = client_of(keeper)
        data = plans[-1].read_bytes()

        def upload(n: int) -> None:
            file = SimpleUploadedFile(plans[-1].name, data + b"\n" * n)
            answer = client.post("/goals/documents/new/", {"file": file, "kind": "plan", "region": county.code})
            assert answer.status_code == 302, answer.status_code
            page = client.get(answer["Location"])
            assert page.status_code == 200, page.status_code

        upload(0)  # templates are compiled once
        took = [seconds(lambda n=n: upload(n)) for n in range(1, ROUNDS + 1)]
        print(f"{plans[-1].name}: {len(data.decode())} signs, {Draft.objects.count() // (ROUNDS + 1)} drafts; "
              f"{', '.join(f'{one:.2f}' for one in took)} s; {how_busy()}")  # fmt: skip
        return verdict("documents-review", max(took), GOAL, at_most=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
