"""A grid from a file: handed in, read by a job, all or nothing, every fault with its row; registers by their import."""

from __future__ import annotations

import io

import h3
import pytest
from census_world import FIRST, SECOND
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from small_county import NOW, make_user, sign_in

from anlan.apps.census.models import Edition, EditionState, Taking, TakingState
from anlan.apps.census.queries.grid import hexagon
from anlan.apps.census.services import editions, tables, taking
from anlan.formats.tables.limited import open_table
from anlan.formats.tables.writing import Column, Workbook
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs import registry
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.layers.people_within import people_within
from anlan.kernel.people.rights import NotAllowed

pytestmark = pytest.mark.django_db


def workbook(titles, *lines):
    target = io.BytesIO()
    with Workbook(target) as book:
        page = book.page("Table", [Column(title) for title in titles])
        for line in lines:
            page.row(line)
    return SimpleUploadedFile("table.xlsx", target.getvalue())


def text(content: str, name="table.csv", encoding="utf-8"):
    return SimpleUploadedFile(name, content.encode(encoding))


def work():
    """What the jobs process would do with the files that were handed in."""
    for job in Job.objects.filter(name=taking.READ, state=State.WAITING):
        registry.declared(job.name).func(now=timezone.now(), **job.args)
        Job.objects.filter(pk=job.pk).update(state=State.DONE)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.fixture
def client(client, keeper):
    sign_in(client, keeper)
    return client


def take(client, file, **more):
    """Hand a grid in and let it be read; the file's row."""
    answer = client.post("/census/take/grid/", {"file": file, "surveyed_on": "2025-12-31", **more})
    assert answer.status_code == 302
    work()
    made = Taking.objects.latest("id")
    assert answer["Location"] == f"/census/takings/{made.pk}/"
    return made


def test_a_grid_is_handed_in_read_and_put_in_force_by_hand(client, county):
    titles = ["网格编码", "白天人口", "夜间人口", "建筑物数", "生产总值（万元）", "备注"]
    file = workbook(titles, [FIRST, 30, 120, 4, 55.5, "x"], [SECOND, 8, 10, 1, None, ""])
    made = take(client, file, title="2025 普查")
    edition = Edition.objects.get()
    assert (made.state, made.edition, made.unread) == (TakingState.TAKEN, edition, ["备注"])
    assert (edition.title, edition.cells, edition.night, edition.day) == ("2025 普查", 2, 130, 38)
    assert edition.state == EditionState.STAGED
    assert client.get(f"/census/takings/{made.pk}/").status_code == 200
    assert client.post(f"/census/editions/{edition.pk}/put-in-force/").status_code == 302

    assert people_within(hexagon(h3.str_to_int(FIRST))).whole == 120
    verbs = set(Entry.objects.filter(verb__startswith="census.").values_list("verb", flat=True))
    assert verbs == {"census.hand_in", "census.read", "census.stage", "census.put_in_force"}


def test_the_request_reads_nothing_and_the_page_waits_for_the_job(client, county):
    lines = "经度,纬度,夜间人口\n104.1,31.6,12\n104.6,31.6,9\n"
    answer = client.post("/census/take/grid/", {"file": text(lines), "surveyed_on": "2025-12-31"})
    made = Taking.objects.get()
    assert (made.state, Edition.objects.count()) == (TakingState.READING, 0)
    assert 'hx-get="/census/takings/' in client.get(answer["Location"]).content.decode()
    assert "HX-Redirect" not in client.get(f"/census/takings/{made.pk}/progress/")
    work()
    assert client.get(f"/census/takings/{made.pk}/progress/")["HX-Redirect"] == answer["Location"]
    assert Edition.objects.get().cells == 2, "places stand for their cells"


BAD = "\n".join(
    [
        "网格编码,夜间人口", f"{FIRST},12", "89zzz,4", f"{FIRST},3", f"{SECOND},-1", "851f9d47fffffff,3",
        "8928308280fffff,7", ",5",
    ]
)  # fmt: skip


def test_every_fault_of_a_grid_is_named_and_nothing_is_taken_in(client, county):
    made = take(client, text(BAD))
    assert made.state == TakingState.FAULTY
    assert {row for row, _column, _words in made.faults} == {3, 4, 5, 6, 7, 8}
    assert not Edition.objects.exists()
    page = client.get(f"/census/takings/{made.pk}/").content.decode()
    assert "89zzz" in page
    assert f"/census/takings/{made.pk}/faults.xlsx" in page


def test_the_sheet_of_faults_has_the_bad_rows_with_words_and_is_read_back_once_mended(client, county):
    made = take(client, text(BAD))
    body = client.get(f"/census/takings/{made.pk}/faults.xlsx").content
    rows = [[cell.value for cell in row] for row in open_table(body, "faults.xlsx").sheets[0].filled(2)]
    assert [row[0] for row in rows] == [3, 4, 5, 6, 7, 8]
    assert rows[0][1] == "89zzz"
    assert "89zzz" in rows[0][-1]
    mended = SimpleUploadedFile("mended.xlsx", workbook(["网格编码", "夜间人口"], [FIRST, 12]).read())
    assert take(client, mended).state == TakingState.TAKEN


def test_a_file_is_given_up_or_read_again(client, county, keeper):
    made = take(client, text(BAD))
    client.post(f"/census/takings/{made.pk}/again/")
    made.refresh_from_db()
    assert (made.state, made.rounds) == (TakingState.READING, 1)
    work()
    client.post(f"/census/takings/{made.pk}/give-up/")
    made.refresh_from_db()
    assert made.state == TakingState.DROPPED
    assert not list(taking.folder().iterdir())
    with pytest.raises(taking.Refused):
        taking.give_up(made, actor=keeper, now=NOW)
    with pytest.raises(taking.Refused):
        taking.read_again(made, actor=keeper, now=NOW)


def test_a_file_that_is_given_up_while_it_is_read_leaves_no_edition(client, county, monkeypatch):
    take_grid = tables.take_grid

    def slowly(*args, **more):
        Taking.objects.update(state=TakingState.DROPPED)
        return take_grid(*args, **more)

    monkeypatch.setattr(tables, "take_grid", slowly)
    made = take(client, text(f"网格编码,夜间人口\n{FIRST},7\n"))
    assert made.state == TakingState.DROPPED
    assert not Edition.objects.exists()


@pytest.mark.parametrize("day", ["2026-02-31", "yesterday", ""])
def test_a_day_that_does_not_exist_is_asked_for_again(client, county, day):
    answer = client.post("/census/take/grid/", {"file": text(f"网格编码,夜间人口\n{FIRST},7\n"), "surveyed_on": day})
    assert answer.status_code == 422
    assert not Taking.objects.exists()


def test_a_job_that_is_repeated_after_a_crash_makes_one_edition(client, county, monkeypatch):
    end = taking._end

    def dies(*_args, **_more):
        raise RuntimeError("the machine was switched off")

    monkeypatch.setattr(taking, "_end", dies)
    client.post("/census/take/grid/", {"file": text(f"网格编码,夜间人口\n{FIRST},7\n"), "surveyed_on": "2025-12-31"})
    made = Taking.objects.latest("id")
    with pytest.raises(RuntimeError):
        taking.read(made.pk, NOW)
    assert Edition.objects.count() == 1
    monkeypatch.setattr(taking, "_end", end)
    taking.read(made.pk, NOW)
    taking.read(made.pk, NOW)
    made.refresh_from_db()
    assert (Edition.objects.count(), made.edition.night, made.state) == (1, 7, TakingState.TAKEN)


def test_a_job_that_was_put_aside_says_so(client, county):
    client.post("/census/take/grid/", {"file": text(BAD), "surveyed_on": "2025-12-31"})
    made = Taking.objects.get()
    Job.objects.filter(name=taking.READ).update(state=State.FAILED, error="no memory")
    assert "no memory" in client.get(f"/census/takings/{made.pk}/").content.decode()
    assert Taking.objects.get().state == TakingState.FAILED


def test_who_fetches_the_sheet_of_faults_reads_no_grid(client, county, monkeypatch):
    made = take(client, text(BAD))
    monkeypatch.setattr(taking, "open_table", None)
    assert client.get(f"/census/takings/{made.pk}/faults.xlsx").status_code == 200
    taking.faults_of(made).unlink()
    assert client.get(f"/census/takings/{made.pk}/faults.xlsx", follow=True).redirect_chain


def test_a_file_whose_row_cannot_be_made_leaves_nothing(client, county, keeper, monkeypatch):
    def full(*_args, **_more):
        raise OSError("no space left on device")

    monkeypatch.setattr(taking, "enqueue", full)
    with pytest.raises(OSError, match="no space"):
        taking.hand_in(b"x", "a.csv", title="", surveyed_on=NOW.date(), actor=keeper, now=NOW)
    assert not Taking.objects.exists()
    assert not list(taking.folder().glob(".*"))


def test_files_that_nobody_went_on_with_are_forgotten(client, county):
    made = take(client, text(BAD))
    assert taking.forget_old(made.at + taking.KEEP) == 0
    assert taking.forget_old(made.at + taking.KEEP * 2) == 1
    assert not taking.file_of(made).exists()


def test_putting_in_force_is_undone_in_one_act(client, county, grid):
    made = take(client, text(f"网格编码,夜间人口\n{FIRST},999\n"))
    client.post(f"/census/editions/{made.edition.pk}/put-in-force/")
    assert people_within(hexagon(h3.str_to_int(FIRST))).whole == 999
    client.post(f"/census/editions/{made.edition.pk}/take-back/")
    assert Edition.objects.get(state=EditionState.IN_FORCE) == grid
    assert people_within(hexagon(h3.str_to_int(FIRST))).whole == 100
    made.edition.refresh_from_db()
    assert made.edition.state == EditionState.STAGED
    client.post(f"/census/editions/{made.edition.pk}/discard/")
    assert Edition.objects.filter(pk=made.edition.pk).exists(), "people were counted by it"
    client.post(f"/census/editions/{grid.pk}/take-back/")
    assert people_within(hexagon(h3.str_to_int(FIRST))) is None, "nothing was in force before"


@pytest.mark.parametrize(
    ("name", "content"), [("a.xlsx", b"not a workbook"), ("a.pdf", b"%PDF-1.7"), ("a.xlsx", b"PK\x03\x04broken")]
)
def test_a_file_that_is_no_table_is_refused_in_words(client, county, name, content):
    made = take(client, SimpleUploadedFile(name, content))
    assert made.state == TakingState.FAILED
    assert made.note
    assert made.note in client.get(f"/census/takings/{made.pk}/").content.decode()


@pytest.mark.parametrize(
    "given",
    [{}, {"file": text("")}, {"file": text(BAD), "surveyed_on": ""}, {"file": text(BAD), "surveyed_on": "2999-01-01"}],
)
def test_what_cannot_be_handed_in_is_refused_with_the_form(client, county, given):
    given.get("file") and given["file"].seek(0)
    answer = client.post("/census/take/grid/", {"surveyed_on": "2025-12-31", **given})
    assert answer.status_code == 422
    assert answer.context["fault"]
    assert not Taking.objects.exists()


def test_a_grid_without_its_columns_says_which_it_needs(client, county):
    made = take(client, text("a,b\n1,2\n"))
    assert (made.state, made.faults[0][0]) == (TakingState.FAULTY, 0)
    assert client.get(f"/census/takings/{made.pk}/faults.xlsx").status_code == 200


def test_the_empty_grid_is_read_back(client, county):
    body = client.get("/census/take/grid/template.xlsx").content
    assert take(client, SimpleUploadedFile("t.xlsx", body)).state == TakingState.FAULTY, "headings without a row"


@pytest.mark.parametrize("table", ["building", "disaster-event", "town-capacity"])
def test_tables_that_are_registers_are_taken_in_by_their_import(client, county, table):
    assert client.get(f"/census/take/{table}/")["Location"] == f"/registers/{table}/-/import/"
    assert client.get(f"/registers/{table}/-/import/").status_code == 200
    assert client.get(f"/registers/{table}/-/import/template.xlsx").status_code == 200


def test_S2_who_may_not_edit_finds_no_form(client, county, keeper):
    made = take(client, text(BAD))
    town = make_user("danya", "town_officer", region=county.danya)
    sign_in(client, town)
    assert client.get("/census/take/building/").status_code == 404
    assert client.get("/census/").status_code == 200
    other = make_user("danya2", "record_keeper", region=county.danya)
    sign_in(client, other)
    for path in ("take/grid/", "take/grid/template.xlsx", f"takings/{made.pk}/", f"takings/{made.pk}/faults.xlsx"):
        assert client.get(f"/census/{path}").status_code == 404, "the grid is one for the county"
    assert client.post(f"/census/takings/{made.pk}/give-up/").status_code == 404
    for verb in (taking.give_up, taking.read_again):
        with pytest.raises(NotAllowed):
            verb(made, actor=other, now=NOW)
    with pytest.raises(NotAllowed):
        editions.take_back(Edition(), actor=other, now=NOW)
