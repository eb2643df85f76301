"""Lists taken away: what the filter shows, in four kinds of file, masked, written down, in little memory."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile

import pytest
from small_county import NOW, make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import exporting, services

pytestmark = pytest.mark.django_db
EXPORT = "/registers/enterprise/-/export/"


@pytest.fixture
def client(client, sites, keeper):
    return sign_in(client, keeper)


def taken(client, query):
    answer = client.get(f"{EXPORT}?{query}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_csv_has_the_filter_the_order_and_the_columns_of_the_list(client):
    text = taken(client, "as=csv&kind=warehouse&sort=-risk&cols=code,risk").decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 3
    assert lines[0].count(",") == 2
    assert [line.split(",")[1] for line in lines[1:]] == ["S-4", "S-5"]


def test_gb18030_is_for_older_programs(client):
    data = taken(client, "as=csv-gb18030&q=沙头小学")
    assert "沙头小学" in data.decode("gb18030")
    assert not data.startswith(b"\xef\xbb\xbf")


def test_a_workbook_keeps_numbers_and_masks(client, tmp_path):
    data = taken(client, "as=xlsx&cols=keeper_phone,lon&q=澜润")
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    strings = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert "<v>104.1</v>" in sheet
    assert strings
    assert b"19000004855" not in b"".join(zipfile.ZipFile(io.BytesIO(data)).read(one) for one in strings)
    assert "190****4855" in sheet


def test_a_name_that_looks_like_a_formula_is_no_formula(client):
    tests = system_user("tests")
    services.create(ENTERPRISES, {"name": "=1+1", "kind": "light", "region": "990123102"}, actor=tests, now=NOW)
    assert "'=1+1" in taken(client, "as=csv&kind=light").decode("utf-8-sig")


def test_geojson_has_places_and_the_chosen_columns(client):
    found = json.loads(taken(client, "as=geojson&cols=risk,keeper_phone&place=some&sort=code"))
    first = found["features"][0]
    assert first["geometry"] == {"type": "Point", "coordinates": [104.1, 31.6]}
    assert first["properties"] == {
        "code": "S-1", "name": "澜润化工仓储有限公司", "risk": 2, "keeper_phone": "190****4855",
    }  # fmt: skip


def test_chosen_rows_alone(client, sites):
    ticked = [sites["S-2"].pk, sites["S-3"].pk]
    answer = client.post(EXPORT, {"as": "csv", "pk": ticked, "query": "sort=code", "all": "0"})
    assert b"".join(answer.streaming_content).decode("utf-8-sig").count("\r\n") == 3
    answer = client.post(EXPORT, {"as": "csv", "pk": [sites["S-2"].pk], "query": "kind=warehouse", "all": "1"})
    assert b"".join(answer.streaming_content).decode("utf-8-sig").count("\r\n") == 3


def test_who_took_what_and_how_many_is_written_down(client, keeper):
    taken(client, "as=csv&kind=warehouse")
    entry = Entry.objects.get(verb="record.export")
    assert (entry.actor_id, entry.after["rows"], entry.after["as"]) == (keeper.pk, 2, "csv")
    assert "kind=warehouse" in entry.after["query"]


def test_S2_an_export_reaches_no_further_than_the_list(sites, county, client):
    sign_in(client, make_user("danya", "record_keeper", region=county.danya))
    assert "澜润" not in taken(client, "as=csv").decode("utf-8-sig")
    sign_in(client, make_user("nobody"))
    assert client.get(f"{EXPORT}?as=csv").status_code == 404


def test_nothing_to_export_and_an_unknown_kind_are_told(client):
    assert client.get(f"{EXPORT}?q=没有的").status_code == 302
    assert client.get(f"{EXPORT}?as=exe").status_code == 404


def test_many_rows_go_through_little_memory(sites, monkeypatch):
    """The pieces hold a few hundred records at once, however many there are."""
    record = sites["S-1"]
    monkeypatch.setattr(exporting.selecting, "records", lambda register, pks, **_more: [record] * len(pks))
    take = exporting.Take(ENTERPRISES, list(range(100_000)), ("name", "kind", "risk"))
    tracemalloc.start()
    rows = sum(piece.count(b"\r\n") for piece in exporting.csv_pieces(take))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 100_001
    assert most < 30_000_000
