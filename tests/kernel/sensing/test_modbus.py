"""Who is asked by Modbus TCP: kept by a person, shown on pages, never beyond a region."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from sensing_world import NOW, person, points_of, sign_in

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing.modbus import maps, queries, services
from anlan.kernel.sensing.modbus.maps import Entry
from anlan.kernel.sensing.models import (
    Device,
    FrameFault,
    ModbusConnection,
    ModbusLine,
    ModbusState,
    ModbusTrial,
    Point,
)
from anlan.kernel.sensing.services import Refused, register_device

pytestmark = pytest.mark.django_db
HOST = "10.30.1.7"


@pytest.fixture
def points(entry, clocks, device, town, hands) -> list[Point]:
    return points_of(device, town, hands, 3)


def connect(device: Device, actor, **more) -> ModbusConnection:
    given = {"host": HOST, "port": 502, "unit": 1, "period_s": 5, "timeout_ms": 800} | more
    return services.save_connection(device, actor=actor, now=NOW, **given)


def keep(connection: ModbusConnection, actor, *entries: Entry, **more) -> None:
    services.write_map(connection, entries, actor=actor, now=NOW, **more)


def test_a_unit_is_connected_and_its_map_written_each_with_an_audit_row(device, points, engineer):
    made = connect(device, engineer)
    keep(made, engineer, Entry(3, 0, "f32", "CDAB", 0.1, -40.0, "", points[0].code, "槽液位"))
    line = ModbusLine.objects.get()
    assert (line.point, line.unit, line.scale, line.order) == (points[0], "%LEL", 0.1, "CDAB")
    assert ModbusState.objects.get().connection == made
    made.refresh_from_db()
    assert made.version == 2
    verbs = list(
        AuditEntry.objects.filter(verb__startswith="device.modbus").order_by("id").values_list("verb", flat=True)
    )
    assert verbs == ["device.modbus", "device.modbus_map"]


@pytest.mark.parametrize(
    "given",
    [
        {"host": ""}, {"host": "http://10.0.0.1/"}, {"host": "10.0.0.1:502"}, {"host": "10.0.0"}, {"host": "a b"},
        {"host": "999.1.1.1"}, {"host": "x" * 200}, {"port": 0}, {"port": 65_536}, {"unit": 256}, {"period_s": 0},
        {"period_s": 86_401}, {"timeout_ms": 1}, {"gap": 101},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(device, engineer, given):
    with pytest.raises(Refused):
        connect(device, engineer, **given)
    assert not ModbusConnection.objects.exists()


def test_a_unit_of_a_host_is_asked_for_one_device_only(device, engineer, town, hands):
    other, _key = register_device(code="gw-2", name="二号", region=town, actor=hands, now=NOW)
    connect(device, engineer, host="PLC-1.lan")
    with pytest.raises(Refused):
        connect(other, engineer, host="plc-1.LAN")
    connect(other, engineer, host="plc-1.lan", unit=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModbusConnection.objects.create(device=other, host="plc-1.lan", port=502, unit=1)


def test_S2_nobody_connects_a_device_elsewhere(device, officer, foreigner, engineer):
    for actor in (officer, foreigner):
        with pytest.raises(NotAllowed):
            connect(device, actor)
    made = connect(device, engineer)
    for actor in (officer, foreigner):
        for verb in (
            lambda who: keep(made, who),
            lambda who: services.switch(made, on=False, actor=who, now=NOW),
            lambda who: services.remove(made, actor=who, now=NOW),
            lambda who: services.try_map(made, actor=who, now=NOW),
            lambda who: services.save_connection(
                device, connection=made, host=HOST, port=1, unit=1, period_s=1, timeout_ms=100, actor=who, now=NOW
            ),
        ):
            with pytest.raises(NotAllowed):
                verb(actor)
    made.refresh_from_db()
    assert (made.version, made.enabled) == (1, True)


def test_every_fault_of_a_map_is_told_at_once_and_nothing_is_written(device, points, engineer, town, hands):
    other, _key = register_device(code="gw-2", name="二号", region=town, actor=hands, now=NOW)
    second = connect(other, engineer, unit=2)
    made = connect(device, engineer)
    keep(made, engineer, Entry(3, 9, "u16", point=points[1].code))
    mine = [
        Entry(3, 0, "u16", point="of another"),
        Entry(3, 1, "u16", point=points[0].code),
        Entry(3, 2, "u16", point=points[0].code),
        Entry(3, 3, "u16", unit="kPa", point=points[2].code),
    ]
    with pytest.raises(Refused) as refused:
        keep(made, engineer, *mine)
    assert len(str(refused.value).splitlines()) == 3
    assert ModbusLine.objects.count() == 1
    with pytest.raises(Refused):
        keep(second, engineer, Entry(3, 0, "u16", point=points[0].code))


def test_a_point_is_read_by_one_map_only(device, points, engineer):
    first, second = connect(device, engineer), connect(device, engineer, unit=2)
    keep(first, engineer, Entry(3, 0, "u16", point=points[0].code))
    with pytest.raises(Refused):
        keep(second, engineer, Entry(3, 0, "u16", point=points[0].code))
    keep(first, engineer)
    keep(second, engineer, Entry(3, 0, "u16", point=points[0].code))


def test_units_that_differ_in_writing_only_are_the_same(device, points, engineer):
    Point.records.filter(pk=points[0].pk).update(unit="m³/h")
    made = connect(device, engineer)
    keep(made, engineer, Entry(3, 0, "u16", unit="m3/h", point=points[0].code))
    assert ModbusLine.objects.get().unit == "m³/h"


def test_two_who_write_at_once_do_not_undo_each_other(device, points, engineer):
    made = connect(device, engineer)
    keep(made, engineer, Entry(3, 0, "u16", point=points[0].code), version=1)
    with pytest.raises(Refused):
        keep(made, engineer, version=1)
    assert ModbusLine.objects.count() == 1


# --- maps as text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"function": "6"}, "6"), ({"function": "x"}, "x"), ({"address": "70000"}, "65535"), ({"address": "-1"}, "-1"),
        ({"type": "string"}, "string"), ({"type": "bit"}, "1"), ({"function": "1", "type": "uint16"}, "1"),
        ({"order": "BACD"}, "BACD"), ({"scale": "0"}, "0"), ({"scale": "nan"}, "nan"), ({"offset": "inf"}, "inf"),
        ({"address": "65535", "type": "float32"}, "65535"), ({"address": "1.5"}, "1.5"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_meant_is_refused_by_its_number(cells, word):
    row = {"function": "3", "address": "0", "type": "uint16"} | cells
    with pytest.raises(Refused, match="7") as refused:
        maps.entries_of([(7, row)])
    assert word in str(refused.value)


def test_a_map_comes_back_from_its_csv_as_it_was(device, points, engineer):
    made = connect(device, engineer)
    wanted = [
        Entry(1, 5, "bit", point=points[0].code, name="泵"),
        Entry(3, 0, "f32", "CDAB", 0.1, -40.0, "", points[1].code, "=1+1"),
        Entry(4, 65_535, "i16", "ABCD", 1 / 3, 1e-12, "", "", "备用, 一"),
    ]
    keep(made, engineer, *wanted)
    told = maps.written(ModbusLine.objects.select_related("point"))
    rows = list(csv.reader(io.StringIO(told.decode("utf-8-sig"))))
    assert rows[0] == list(maps.COLUMNS)
    assert rows[2][4:6] == ["0.1", "-40"]
    assert rows[2][8] == "'=1+1"
    again = maps.read(told)
    assert [(e.function, e.address, e.type, e.order, e.scale, e.offset, e.point, e.name) for e in again] == [
        (e.function, e.address, e.type, e.order, e.scale, e.offset, e.point, e.name) for e in wanted
    ]


def test_a_csv_of_a_chinese_spreadsheet_program_is_read():
    text = "功能码,地址,类型,字节序,系数,偏移,单位,测点,名称\n3,0x10,INT32,cdab,0.01,,MPa,P-1,压力\n\n"
    (entry,) = maps.read(text.encode("gb18030"))
    assert entry == Entry(3, 16, "i32", "CDAB", 0.01, 0.0, "MPa", "P-1", "压力")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe\x00\x81\x20", b"a,b\n1,2\n", b'function,address,point\n3,"0', b"x" * 1_000_001,
        b"function,address,point\n3,,P-1\n", b"function,address,point\n" + b"3,0,\n" * 2_001, b"\0\0\0",
    ],
)  # fmt: skip
def test_a_file_that_is_no_map_is_refused_whole(data):
    with pytest.raises(Refused):
        maps.read(data)


# --- pages ----------------------------------------------------------------------------------------------------------


def posted(*rows: tuple[str, ...], version: int, first: int = 0, shown: int = 0) -> dict[str, object]:
    columns = {name: [row[place] for row in rows] for place, name in enumerate(maps.COLUMNS)}
    return {**columns, "version": version, "first": first, "shown": shown}


def test_a_person_connects_writes_a_map_tries_it_and_removes_it(device, points, engineer, client: Client, monkeypatch):
    monkeypatch.setenv("ANLAN_MODBUS_HOSTS", "10.30.0.0/16")
    sign_in(client, engineer)
    assert client.get("/sensing/modbus/").status_code == 200
    form = {"device": device.code, "host": HOST, "port": "502", "unit": "1", "period_s": "5", "timeout_ms": "500"}
    assert client.post("/sensing/modbus/add/", form | {"host": "?"}).status_code == 422
    assert client.post("/sensing/modbus/add/", form | {"period_s": "soon"}).status_code == 422
    assert client.post("/sensing/modbus/add/", form | {"device": "none"}).status_code == 422
    assert client.post("/sensing/modbus/add/", form).status_code == 302
    made = ModbusConnection.objects.get()
    page = f"/sensing/modbus/{made.pk}/"
    assert client.get(page).status_code == 200
    rows = (
        ("3", "0", "float32", "ABCD", "0.1", "", "", points[0].code, "一"),
        ("3", "", "uint16", "ABCD", "", "", "", "", ""),
    )
    wrong = client.post(page + "map/", posted(("3", "x", *rows[0][2:]), version=1))
    assert wrong.status_code == 422
    assert 'value="x"' in wrong.content.decode()
    assert client.post(page + "map/", posted(*rows, version=1)).status_code == 302
    assert ModbusLine.objects.get().point == points[0]
    assert client.post(page + "map/", posted(*rows, version=1, shown=1)).status_code == 422
    told = client.get(page + "map.csv").content
    file = SimpleUploadedFile("map.csv", told + f"4,7,int16,ABCD,1,0,,{points[1].code},\r\n".encode())
    assert client.post(page + "map/file/", {"file": file}).status_code == 302
    assert ModbusLine.objects.count() == 2
    assert client.post(page + "map/file/", {"file": SimpleUploadedFile("map.csv", b"no map")}).status_code == 422
    assert client.post(page + "map/file/").status_code == 422
    assert client.post(page + "change/", form | {"unit": "300"}).status_code == 422
    assert client.post(page + "change/", form | {"unit": "3"}).status_code == 302
    assert client.post(page + "try/").status_code == 302
    assert ModbusTrial.objects.get().asked_by == engineer
    assert "hx-get" in client.get(page + "trial/").content.decode()
    assert client.post(page + "switch/", {"on": "0"}).status_code == 302
    made.refresh_from_db()
    assert (made.unit, made.enabled) == (3, False)
    assert client.post(page + "remove/").status_code == 302
    assert not ModbusConnection.objects.exists()
    assert Point.records.filter(pk=points[0].pk).exists()


def test_a_page_of_a_long_map_changes_its_own_lines_only(device, town, entry, clocks, hands, engineer, client: Client):
    made = connect(device, engineer)
    keep(made, engineer, *(Entry(3, n, "u16", name=f"n{n}") for n in range(120)))
    sign_in(client, engineer)
    shown = client.get(f"/sensing/modbus/{made.pk}/?page=2").content.decode()
    assert shown.count('name="address"') == 50
    assert 'name="first" value="50"' in shown
    rows = [("3", str(n), "uint16", "ABCD", "1", "0", "", "", f"n{n}") for n in range(50, 100)]
    rows[0] = ("3", "", *rows[0][2:])
    rows[1] = ("4", "51", *rows[1][2:])
    answer = client.post(f"/sensing/modbus/{made.pk}/map/?page=2", posted(*rows, version=2, first=50, shown=50))
    assert answer.status_code == 302
    kept = {(line.function, line.address) for line in ModbusLine.objects.all()}
    assert kept == {(3, n) for n in range(120) if n not in (50, 51)} | {(4, 51)}


def test_S2_pages_are_closed_to_those_who_manage_no_device_and_foreign_looks_missing(
    device, engineer, officer, other_town, client: Client
):
    made = connect(device, engineer)
    sign_in(client, officer)
    assert client.get("/sensing/modbus/").status_code == 403
    stranger = person("stranger", "外人", other_town, ["region.see", "point.see", "device.manage"])
    sign_in(client, stranger)
    assert HOST not in client.get("/sensing/modbus/").content.decode()
    page = f"/sensing/modbus/{made.pk}/"
    assert [client.get(page + what).status_code for what in ("", "map.csv", "trial/")] == [404] * 3
    for what in ("change/", "switch/", "remove/", "map/", "map/file/", "try/"):
        assert client.post(page + what).status_code == 404
    form = {"device": device.code, "host": HOST, "port": "502", "unit": "9"}
    assert client.post("/sensing/modbus/add/", form).status_code == 422
    assert ModbusConnection.objects.count() == 1


def test_the_list_costs_the_same_queries_for_one_unit_and_for_many(
    device, points, engineer, client: Client, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setenv("ANLAN_MODBUS_HOSTS", "10.30.0.0/16")
    for unit in range(1, 41):
        keep(connect(device, engineer, unit=unit), engineer, Entry(3, 0, "u16"))
    sign_in(client, engineer)
    client.get("/sensing/modbus/")
    with django_assert_max_num_queries(12):
        assert client.get("/sensing/modbus/").content.decode().count("data-row") == 40
    with django_assert_max_num_queries(18):
        client.get(f"/sensing/modbus/{ModbusConnection.objects.first().pk}/")


def test_how_it_stands_is_said_in_words(device, points, engineer, monkeypatch):
    monkeypatch.setenv("ANLAN_MODBUS_HOSTS", "10.30.0.0/16")
    made = connect(device, engineer)

    def stands(**state) -> queries.Standing:
        ModbusState.objects.update(**{"at": NOW, "fault": "", "answered_at": NOW, "failing_since": None} | state)
        return queries.standing(queries.connections_for(engineer).get(), NOW + timedelta(seconds=20))

    assert stands().tone == "mut"
    keep(made, engineer, Entry(3, 0, "u16", point=points[0].code))
    assert stands().tone == "ok"
    assert stands(answered_at=None).tone == "mut"
    silent = stands(fault="no_connection", failing_since=NOW)
    assert (silent.tone, silent.since) == ("warn", NOW)
    assert stands(at=NOW - timedelta(minutes=5)).tone == "warn"
    monkeypatch.setenv("ANLAN_MODBUS_HOSTS", "10.31.0.0/16")
    assert "ANLAN_MODBUS_HOSTS" in stands().why
    Device.records.update(enabled=False)
    assert stands().tone == "warn"
    services.switch(made, on=False, actor=engineer, now=NOW)
    assert stands().tone == "mut"


def test_what_a_trial_found_is_shown_and_one_that_nobody_takes_says_so(device, points, engineer, client: Client):
    made = connect(device, engineer)
    with pytest.raises(Refused):
        services.try_map(made, actor=engineer, now=NOW)
    keep(made, engineer, Entry(3, 0, "u16", point=points[0].code))
    made.device.enabled = False
    with pytest.raises(Refused):
        services.try_map(made, actor=engineer, now=NOW)
    made.device.enabled = True
    trial = services.try_map(made, actor=engineer, now=NOW)
    assert services.try_map(made, actor=engineer, now=NOW) == trial
    shown = queries.trial_shown(made, NOW + timedelta(seconds=5))
    assert shown and shown["waits"] and not shown["vain"]
    shown = queries.trial_shown(made, NOW + timedelta(minutes=5))
    assert shown and shown["vain"] and not shown["waits"]
    line = {"function": 3, "address": 0, "type": "u16", "order": "ABCD", "unit": "m", "name": "", "point": "P"}
    lines = [line | {"raw": [4711], "value": 47.11, "fault": ""}, line | {"raw": [], "value": None, "fault": "busy"}]
    result = {"fault": "", "raw": "", "requests": 2, "round_trip_ms": 4.0, "lines": lines}
    ModbusTrial.objects.update(state="done", done_at=NOW, result=result)
    sign_in(client, engineer)
    page = client.get(f"/sensing/modbus/{made.pk}/trial/").content.decode()
    assert "1267" in page
    assert "47.11" in page
    assert "hx-get" not in page
    for n in range(8):
        at = NOW + timedelta(minutes=10 * (n + 1))
        services.try_map(made, actor=engineer, now=at)
    assert ModbusTrial.objects.count() == services.KEPT_TRIALS


def test_faults_are_shown_on_their_own_page_and_not_among_those_who_call(device, engineer, client: Client):
    made = connect(device, engineer)
    now = NOW
    FrameFault.objects.create(
        day=now.date(), protocol="modbus", sender=device.code, fault="wrong_unit", count=7, raw="00ab", last_at=now
    )
    assert queries.fault_counts([made], now) == {device.code: 7}
    (fault,) = queries.faults_of(made, now)
    assert fault["words"] == "应答的是另一个从站"
    sign_in(client, engineer)
    assert "wrong_unit" not in client.get("/sensing/links/").content.decode()
