"""The trail: one entry with each change, sealed into a chain, and every tampering noticed (S5)."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from small_county import NOW, make_user, plant_county, sign_in

from anlan.kernel.audit import chain, queries, sealer
from anlan.kernel.audit.models import Anchor, Entry
from anlan.kernel.audit.services import record
from anlan.kernel.audit.verify import verify
from anlan.kernel.people.services import system_user

TABLE = Entry._meta.db_table


def write(count, start=0):
    console = system_user("console")
    for n in range(start, start + count):
        record(actor=console, verb="case.close", obj=f"case:{n}", after={"state": "已关闭", "n": n}, now=NOW)


@pytest.fixture
def sealed(db, django_capture_on_commit_callbacks):
    """Twelve sealed entries, with the marks outside written."""
    Entry.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        write(12)
        assert sealer.seal(NOW) == 12
    return chain.root()


def sql(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


# Writing -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_entry_says_who_when_what_where_and_from_where():
    county = plant_county()
    wang = make_user("wang", name="王磊")
    entry = record(
        actor=wang,
        verb="case.close",
        obj=county.canglang,
        region=county.canglang,
        before={"state": "checking"},
        after={"state": "closed", "at": NOW},
        note="照片已核",
        now=NOW,
        source="10.0.0.7",
    )
    entry.refresh_from_db()
    assert (entry.at, entry.actor_id, entry.actor_name, entry.verb) == (NOW, wang.pk, "王磊", "case.close")
    assert (entry.ref, entry.region_path) == (f"region:{county.canglang.pk}", county.canglang.path)
    assert (entry.before, entry.after) == ({"state": "checking"}, {"state": "closed", "at": "2026-11-21T19:25:18Z"})
    assert (entry.note, entry.source, entry.outcome, entry.seq) == ("照片已核", "10.0.0.7", "done", None)


@pytest.mark.django_db
def test_S7_secrets_are_struck_out_wherever_they_stand():
    after = {"password": "x", "device": {"key": "y", "code": "GT"}, "list": [{"token": "z"}]}
    entry = record(actor=None, verb="a.b", after=after, now=NOW)
    assert entry.after == {"password": "***", "device": {"key": "***", "code": "GT"}, "list": [{"token": "***"}]}


@pytest.mark.django_db
def test_values_that_json_cannot_say_do_not_stop_the_change():
    entry = record(actor=None, verb="a.b", after={"v": float("nan"), "w": float("-inf"), "z": "a\x00b"}, now=NOW)
    entry.refresh_from_db()
    assert entry.after == {"v": "nan", "w": "-inf", "z": "ab"}


@pytest.mark.django_db
def test_S5_an_entry_falls_with_the_change_it_tells_of():
    console = system_user("console")
    with pytest.raises(RuntimeError), transaction.atomic():
        record(actor=console, verb="a.b", now=NOW)
        raise RuntimeError
    assert not Entry.objects.filter(verb="a.b").exists()


@pytest.mark.django_db
def test_a_repetition_may_be_left_out_for_a_while():
    for minutes in (0, 5, 14, 16):
        record(
            actor=None, verb="a.b", now=NOW + timedelta(minutes=minutes), outcome="locked",
            once_in=timedelta(minutes=15),
        )  # fmt: skip
    assert Entry.objects.filter(verb="a.b").count() == 2


# Sealing -------------------------------------------------------------------------------------------------------------


def test_S5_each_hash_covers_the_entry_and_the_hash_before_it(sealed):
    first, second = Entry.objects.order_by("seq")[:2]
    # Worked by hand, apart from the product's code.
    text = (
        f'{{"actor_id":{second.actor_id},"actor_name":"console","after":{{"n":1,"state":"已关闭"}},'
        f'"at":"2026-11-21T19:25:18.000000Z","before":{{}},"nonce":"{second.nonce}","note":"","outcome":"done",'
        '"ref":"case:1","region_path":"","seq":2,"source":"","verb":"case.close"}'
    )
    assert second.hash == hashlib.sha256((first.hash + text).encode()).hexdigest()
    assert first.hash != second.hash


def test_S5_later_entries_continue_the_chain(sealed, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        write(3, 12)
        assert sealer.seal(NOW + timedelta(seconds=1), limit=2) == 2
        assert sealer.seal(NOW + timedelta(seconds=1), limit=2) == 1
        assert sealer.seal(NOW + timedelta(seconds=1), limit=2) == 0
    assert list(Entry.objects.order_by("id").values_list("seq", flat=True)) == list(range(1, 16))
    report = verify()
    assert (report.ok, report.checked) == (True, 15)
    assert chain.read_head() == chain.Head(15, report.head)


def test_many_entries_are_sealed_in_short_transactions(sealed, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(sealer, "SLICE", 4)
    with django_capture_on_commit_callbacks(execute=True) as marks:
        write(10, 12)
        assert sealer.seal(NOW, limit=9) == 9
    assert len(marks) == 3, "one mark of the head for each transaction"
    assert Entry.objects.filter(seq=None).count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert sealer.seal(NOW) == 1
    assert verify().checked == 22


def test_S5_an_entry_that_commits_late_comes_later_in_the_chain(sealed, django_capture_on_commit_callbacks):
    """On PostgreSQL a lower number may become visible after a higher one was sealed."""
    late = Entry.objects.create(id=0, at=NOW, verb="late.one", nonce="n")
    with django_capture_on_commit_callbacks(execute=True):
        sealer.seal(NOW)
    late.refresh_from_db()
    assert late.seq == 13
    assert verify().ok


def test_the_head_is_anchored_once_an_hour_and_on_demand(sealed, django_capture_on_commit_callbacks):
    log = sealed / "audit-anchor.log"
    assert len(log.read_text().splitlines()) == Anchor.objects.count() == 1
    for minutes, lines in ((30, 1), (61, 2), (62, 2)):
        with django_capture_on_commit_callbacks(execute=True):
            write(1, 100 + minutes)
            sealer.seal(NOW + timedelta(minutes=minutes))
        assert len(log.read_text().splitlines()) == lines
    with django_capture_on_commit_callbacks(execute=True):
        head = sealer.anchor(NOW + timedelta(minutes=63))
    assert log.read_text().splitlines()[-1] == f"2026-11-21T20:28:18.000000Z 15 {head.hash}"


@pytest.mark.django_db
def test_nothing_sealed_has_no_head():
    Entry.objects.all().delete()
    assert sealer.seal(NOW) == 0
    assert sealer.anchor(NOW) is None
    assert verify().ok


# Tampering -----------------------------------------------------------------------------------------------------------

#: name → (what is done behind the product's back, the first bad entry)
TAMPERINGS = {
    "edit one row": ([f"UPDATE {TABLE} SET note = note || ' ' WHERE seq = 7"], 7),
    "edit what was before": ([f"""UPDATE {TABLE} SET after = '{{"n":6,"state":"x"}}' WHERE seq = 7"""], 7),
    "put it a moment later": ([f"UPDATE {TABLE} SET at = '2026-11-21 19:25:19' WHERE seq = 7"], 7),
    "put it down to somebody else": ([f"UPDATE {TABLE} SET actor_id = actor_id + 1 WHERE seq = 7"], 7),
    "delete one row": ([f"DELETE FROM {TABLE} WHERE seq = 7"], 7),
    "delete the first row": ([f"DELETE FROM {TABLE} WHERE seq = 1"], 1),
    "delete the last row": ([f"DELETE FROM {TABLE} WHERE seq = 12"], 12),
    "cut the tail": ([f"DELETE FROM {TABLE} WHERE seq > 7"], 8),
    "swap two rows": (
        [
            f"UPDATE {TABLE} SET seq = -1 WHERE seq = 7",
            f"UPDATE {TABLE} SET seq = 7 WHERE seq = 8",
            f"UPDATE {TABLE} SET seq = 8 WHERE seq = -1",
        ],
        7,
    ),
    "empty the table": ([f"DELETE FROM {TABLE}"], 1),
    "move a row out of the chain": ([f"UPDATE {TABLE} SET seq = -5 WHERE seq = 1"], 1),
    "unseal the tail": ([f"UPDATE {TABLE} SET seq = NULL WHERE seq > 9"], 10),
    "add a row at the end": (
        [
            f"INSERT INTO {TABLE} SELECT 900, at, actor_id, actor_name, verb, ref, region_path, before, after, note,"
            f" source, outcome, 'z', 13, hash FROM {TABLE} WHERE seq = 12"
        ],
        13,
    ),
    "change a seal": ([f"UPDATE {TABLE} SET hash = '{'f' * 64}' WHERE seq = 7"], 7),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_S5_a_tampering_is_noticed_and_the_first_bad_entry_named(sealed, name):
    if name == "add a row at the end":
        names = [f.column for f in Entry._meta.concrete_fields]
        assert names[:3] == ["id", "at", "actor_id"]
    statements, first_bad = TAMPERINGS[name]
    assert verify().ok, "untouched it is whole"
    sql(*statements)
    report = verify()
    assert not report.ok
    assert report.first_bad == first_bad, report.why


def rehash_everything():
    """What an insider with our own code would do: the whole chain anew over edited rows."""
    head = chain.EMPTY
    with connection.cursor() as cursor:
        columns = ", ".join(f'"{name}"' for name in chain.COLUMNS)
        cursor.execute(f"SELECT {columns} FROM {TABLE} ORDER BY seq")
        for row in cursor.fetchall():
            head = chain.Head(row[0], chain.hash_of(head.hash, row))
            cursor.execute(f"UPDATE {TABLE} SET hash = %s WHERE seq = %s", [head.hash, head.seq])


def test_S5_editing_and_recomputing_every_hash_is_noticed_by_the_mark_outside(sealed):
    sql(f"UPDATE {TABLE} SET note = 'x' WHERE seq = 7")
    rehash_everything()
    Anchor.objects.all().delete()  # what stands inside the database is the insider's too
    report = verify()
    assert not report.ok
    assert "written anew" in report.why


def test_S5_a_head_put_forward_by_the_insider_is_still_caught_by_the_anchor_log(sealed):
    sql(f"UPDATE {TABLE} SET note = 'x' WHERE seq = 7")
    rehash_everything()
    Anchor.objects.all().delete()
    (sealed / "audit-head").unlink()
    assert not verify().ok


def test_S5_the_sealer_does_not_hide_a_cut_by_sealing_on(sealed, caplog):
    sql(f"DELETE FROM {TABLE} WHERE seq > 7")
    write(3, 50)
    assert sealer.seal(NOW) == 0
    assert "entry 12 was sealed" in caplog.text
    assert chain.read_head().seq == 12
    assert not verify().ok


def test_a_head_that_lags_after_a_crash_is_no_tampering(sealed):
    """The mark is written after the commit; a kill between the two leaves it behind."""
    write(2, 20)
    sealer.seal(NOW)  # in a test the commit never comes, so the mark stays at 12
    assert chain.read_head().seq == 12
    assert verify().ok
    write(1, 30)
    assert sealer.seal(NOW) == 1


def test_an_anchor_line_cut_by_a_crash_is_left_out_and_a_damaged_one_is_not(sealed):
    log = sealed / "audit-anchor.log"
    with log.open("a") as file:
        file.write("2026-11-22T00:00:00.000000Z 12 abc")
    assert verify().ok
    with log.open("a") as file:
        file.write("\n")
    with pytest.raises(ValueError, match="damaged"):
        verify()


def test_S5_unsealed_entries_are_counted_and_shown_as_late(sealed):
    write(2, 40)
    assert verify().unsealed == 2
    assert not queries.health().ok, "entries of long ago wait for their seal"
    Entry.objects.filter(seq=None).delete()
    assert queries.health().ok


# The command ---------------------------------------------------------------------------------------------------------


def copy_to(path):
    """The table as an SQLite file, as a copy of the installation's would be."""
    if connection.vendor != "sqlite":
        pytest.skip("copies a file of SQLite")
    target = sqlite3.connect(path)
    with connection.cursor() as cursor:
        for table in (TABLE, Anchor._meta.db_table):
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
            target.execute(cursor.fetchone()[0])
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                target.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    target.commit()
    target.close()


def test_S5_the_command_checks_a_copy_and_names_the_first_bad_entry(sealed, tmp_path):
    copy = tmp_path / "copy.db"
    copy_to(copy)
    out = io.StringIO()
    call_command("audit_verify", db=copy, stdout=out)
    assert "12 entries" in out.getvalue()
    with sqlite3.connect(copy) as file:
        file.execute(f"UPDATE {TABLE} SET verb = 'x.y' WHERE seq = 5")
    with pytest.raises(CommandError, match="First bad entry: 5"):
        call_command("audit_verify", db=copy)
    with sqlite3.connect(copy) as file:
        file.execute("PRAGMA ignore_check_constraints = 1")
        file.execute(f"UPDATE {TABLE} SET after = '{{' WHERE seq = 3")
    with pytest.raises(CommandError, match="entry 3 is not readable"):
        call_command("audit_verify", db=copy)
    with pytest.raises(CommandError, match="There is no file"):
        call_command("audit_verify", db=tmp_path / "missing.db")


def test_moments_read_alike_from_both_databases():
    texts = {
        chain.moment("2026-11-21 19:25:18"),
        chain.moment("2026-11-21 19:25:18.000000"),
        chain.moment(datetime(2026, 11, 21, 19, 25, 18, tzinfo=UTC)),
        chain.moment(NOW),
    }
    assert texts == {"2026-11-21T19:25:18.000000Z"}


# Reading -------------------------------------------------------------------------------------------------------------


def test_the_seal_over_a_chain_counts_its_entries_and_gives_the_newest_hash(sealed):
    newest = Entry.objects.get(seq=6)
    assert queries.seal_of(["case:3", "case:5", "case:99"]) == queries.Seal(2, newest.hash, 6)
    assert queries.seal_of(["case:99"]) == queries.Seal(0, "", None)


@pytest.mark.django_db
def test_S1_the_last_acts_are_shown_where_the_viewer_has_rights():
    county = plant_county()
    officer = make_user("officer", "town_officer", region=county.canglang)
    for place in (county.shatou, county.yuntai):
        record(actor=officer, verb="alarm.acknowledge", obj="alarm:1", region=place, now=NOW)
    record(actor=officer, verb="people.password", obj="user:1", region=county.shatou, now=NOW)
    (act,) = queries.latest(officer)
    assert (act.verb, act.actor_name, act.title) == ("alarm.acknowledge", "officer", ""), "the alarm is not there"
    leader = make_user("leader", "leader", region=county.county)
    assert len(queries.latest(leader)) == 2
    assert queries.latest(make_user("nobody")) == []


@pytest.mark.django_db
def test_S3_the_trail_on_the_system_desk_is_the_audit_administrators_alone_and_cannot_be_changed():
    county = plant_county()
    entry = record(actor=None, verb="case.close", after={"note": "<script>"}, now=NOW)
    page = f"/system/admin/audit/entry/{entry.pk}/change/"
    for role, status in (("audit_admin", 200), ("system_admin", 403), ("security_admin", 403), ("leader", 403)):
        client = sign_in(Client(), make_user(role, role, region=county.county))
        assert client.get(page).status_code == status, role
        assert client.get("/system/admin/audit/entry/").status_code == status, role
        assert client.post(page, {"note": "x"}).status_code == 403, role
    auditor = sign_in(Client(), make_user("second", "audit_admin", region=county.county))
    assert b"<script>&quot;" not in auditor.get(page).content
    assert auditor.post(f"/system/admin/audit/entry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert auditor.get("/system/admin/people/user/").status_code == 403
