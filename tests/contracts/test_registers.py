"""What every register promises, whatever it holds: walked over each declaration with its sample."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from samples import samples
from small_county import NOW, make_user, sign_in

from anlan.kernel.audit.models import Entry
from anlan.kernel.people import rights
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers import conditions, forms, selecting, services
from anlan.kernel.registers.columns.reading import PRESENT
from anlan.kernel.registers.declarations import declared
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.models import Revision
from anlan.kernel.web.refs import address_of, may_see, ref_of

pytestmark = pytest.mark.django_db
REGISTERS = declared()
COUNTS = Path(__file__).with_name("query_counts.json")
every = pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.code)


def asked(register, actor, **params):
    return selecting.question(register, actor, params, NOW)


def test_every_register_has_a_sample():
    assert {register.code for register in REGISTERS} == set(samples())


@every
def test_the_sample_fills_what_must_be_filled_and_warns_of_nothing(world, register):
    cleaned = services.clean(register, world.values(register.code))
    assert cleaned.faults == ()


@every
def test_a_record_is_listed_found_and_opened(world, keeper, client, register):
    record = world.record(register.code)
    sign_in(client, keeper)
    page = client.get(reverse("registers:list", args=[register.code]))
    assert record.name in page.content.decode()
    for typed in (record.name[:1], record.name[:2], record.name[-3:], record.code, record.pinyin.split("|")[1][:3]):
        found = selecting.select(register, asked(register, keeper, q=typed))
        assert record.pk in found.pks, typed
    assert client.get(address_of(record)).status_code == 200
    assert client.get(reverse("registers:phone", args=[register.code, record.code])).status_code == 200
    assert client.get(reverse("registers:figures", args=[register.code])).status_code == 200
    assert b"<svg" in client.get(reverse("registers:qr", args=[register.code, record.code])).content


@every
def test_every_filter_and_every_order_works(world, keeper, register):
    record = world.record(register.code)
    for name, info in conditions.filterable(register).items():
        empty = selecting.count(register, asked(register, keeper, **{name: "none"}))
        filled = selecting.count(register, asked(register, keeper, **{name: "some"}))
        assert empty + filled == selecting.count(register, asked(register, keeper)), name
        if info.kind in PRESENT and name not in register.filters:
            continue  # asked for only whether it is there
        (section,) = forms.form(register, record=record, names=[name]) if info.editable else (None,)
        if section is not None and (text := section.inputs[0].text):
            found = selecting.select(
                register, asked(register, keeper, **{name: text[:10] if info.kind == "moment" else text})
            )
            assert record.pk in found.pks, name
    for name in selecting.sortable(register):
        for sign in ("", "-"):
            sort = selecting.sort_of(register, sign + name)
            assert record.pk in selecting.select(register, asked(register, keeper), sort=sort).pks


@every
def test_S2_who_holds_nothing_here_sees_nothing(world, client, register):
    record = world.record(register.code)
    other = world.county.danya if record.region.path.startswith(world.county.canglang.path) else world.county.canglang
    neighbour = make_user("neighbour", "record_keeper", region=other)
    nobody = make_user("nobody")
    for actor in (neighbour, nobody):
        assert selecting.count(register, asked(register, actor)) == 0
        assert not may_see(actor, ref_of(record))
        sign_in(client, actor)
        assert client.get(address_of(record)).status_code == 404
        assert client.post(reverse("registers:edit", args=[register.code, record.code]), {}).status_code == 404
    sign_in(client, nobody)
    assert client.get(reverse("registers:list", args=[register.code])).status_code == 404
    assert client.get(reverse("registers:new", args=[register.code])).status_code == 404


@every
def test_S6_personal_values_are_masked_on_every_page_and_shown_only_with_a_trace(world, keeper, client, register):
    record = world.record(register.code)
    values = {name: str(getattr(record, name)) for name in register.sensitive if getattr(record, name)}
    if not values:
        pytest.skip("nothing personal in the sample")
    services.change(register, record, dict.fromkeys(values, "19911112222"), actor=world.actor, now=NOW)
    services.change(register, record, values, actor=world.actor, now=NOW)
    sign_in(client, keeper)
    pages = [
        reverse("registers:list", args=[register.code]) + "?cols=" + ",".join(values),
        address_of(record),
        address_of(record) + "?tab=history",
        reverse("registers:edit", args=[register.code, record.code]),
        reverse("registers:phone", args=[register.code, record.code]),
    ]
    for page in pages:
        content = client.get(page).content.decode()
        for value in (*values.values(), "19911112222"):
            assert value not in content, page
    kept = json.dumps(list(Revision.objects.filter(register=register.code).values("before", "after")))
    kept += json.dumps(list(Entry.objects.values("before", "after")))
    with connection.cursor() as cursor:
        columns = ", ".join(values)
        cursor.execute(f"select {columns} from {register.model._meta.db_table} where id = %s", [record.pk])
        kept += str(cursor.fetchone())
    for name, value in values.items():
        assert value not in kept
        shown = client.post(reverse("registers:unmask", args=[register.code, record.code, name]))
        assert value in shown.content.decode()
    assert Entry.objects.filter(verb="personal.unmask", ref=ref_of(record)).count() == len(values)


@every
def test_a_form_sent_back_unchanged_changes_nothing(world, keeper, client, register):
    record = world.record(register.code)
    sign_in(client, keeper)
    data = {"revision": record.revision, "accept": "1"}
    for section in forms.form(register, record=record):
        for field in section.inputs:
            if field.info.kind is Kind.CHOICES:
                data[f"{field.name}."] = "1"
                data[field.name] = [option.value for option in field.options if option.on]
            else:
                data[field.name] = "" if field.info.mask else field.text
    answer = client.post(reverse("registers:edit", args=[register.code, record.code]), data)
    assert answer.status_code == 302, answer.content.decode()
    assert register.model.records.get(pk=record.pk).revision == record.revision


@every
def test_a_new_record_comes_in_by_the_form(world, keeper, client, register):
    sign_in(client, keeper)
    raw = {**world.values(register.code), "name": "表单新录入的一条"}
    data = {"accept": "1", "seen_doubles": "1"}
    for name, value in raw.items():
        if register.info(name).kind is Kind.CHOICES:
            data[f"{name}."] = "1"
        data[name] = value if not isinstance(value, bool) else str(int(value))
    answer = client.post(
        reverse("registers:new", args=[register.code]), {k: v for k, v in data.items() if v is not None}
    )
    assert answer.status_code == 302, answer.content.decode()
    record = register.model.present.get(name="表单新录入的一条")
    assert record.code.startswith(register.prefix)
    for name in raw:
        if name != "name":
            assert getattr(record, name) == getattr(world.record(register.code), name), name


@every
def test_an_empty_form_names_what_is_missing(keeper, client, register):
    sign_in(client, keeper)
    answer = client.post(reverse("registers:new", args=[register.code]), {})
    assert answer.status_code == 422
    assert 'href="#f-name"' in answer.content.decode()


@every
def test_removed_and_restored_with_its_history(world, keeper, client, register):
    record = world.make(register.code, name="将停用的一条", code="GONE-1")
    sign_in(client, keeper)
    client.post(reverse("registers:remove", args=[register.code, "GONE-1"]), {"reason": "已关停"})
    assert client.get(address_of(record)).status_code == 410
    assert selecting.count(register, asked(register, keeper, q="将停用")) == 0
    assert "已关停" in client.get(reverse("registers:removed", args=[register.code])).content.decode()
    client.post(reverse("registers:restore", args=[register.code, "GONE-1"]))
    assert selecting.count(register, asked(register, keeper, q="将停用")) == 1
    acts = Revision.objects.filter(register=register.code, record=record.pk).values_list("act", flat=True)
    assert list(acts) == ["create", "remove", "restore"]


@every
def test_two_records_are_merged_and_the_old_address_leads_on(world, keeper, client, register):
    keep = world.make(register.code, name="留下的", code="KEEP-1")
    drop = world.make(register.code, name="并入的", code="DROP-1")
    sign_in(client, keeper)
    address = reverse("registers:merge", args=[register.code])
    assert client.get(address, {"keep": "KEEP-1", "drop": "DROP-1"}).status_code == 200
    client.post(address, {"keep": "KEEP-1", "drop": "DROP-1", "name": "drop"})
    assert register.model.present.get(pk=keep.pk).name == "并入的"
    assert client.get(address_of(drop)).url == address_of(keep)


def as_json(values):
    return json.dumps({name: value for name, value in values.items() if value is not None}, default=str)


@every
def test_the_api_lists_filters_reads_enters_changes_and_removes(world, keeper, client, register):
    record = world.record(register.code)
    sign_in(client, keeper)
    base = f"/api/v1/registers/{register.code}"

    def send(method, path, body):
        return getattr(client, method)(base + path, data=body, content_type="application/json")

    page = client.get(f"{base}/records", {"q": record.name[:2], "size": 200}).json()
    (listed,) = [row for row in page["items"] if row["code"] == record.code]
    assert listed["name"] == record.name
    for name in conditions.filterable(register):
        counts = [client.get(f"{base}/records", {name: text}).json()["total"] for text in ("none", "some")]
        assert sum(counts) == client.get(f"{base}/records").json()["total"], name
    read = client.get(f"{base}/records/{record.code}").json()
    schema = client.get(f"{base}/openapi.json").json()["components"]["schemas"]["Record"]["properties"]
    assert set(read) <= set(schema)
    for name in register.sensitive:
        value = str(getattr(record, name) or "")
        assert not value or value not in json.dumps([read, listed], ensure_ascii=False)
    same = send("patch", f"/records/{record.code}", json.dumps(read))
    assert (same.status_code, same.json()["revision"]) == (200, record.revision), same.content.decode()
    made = send("post", "/records", as_json({**world.values(register.code), "name": "接口新录入的一条"}))
    assert made.status_code == 201, made.content.decode()
    code = made.json()["code"]
    changed = send("patch", f"/records/{code}", json.dumps({"name": "接口改名的一条", "revision": 1}))
    assert (changed.status_code, changed.json()["name"]) == (200, "接口改名的一条")
    assert send("patch", f"/records/{code}", json.dumps({"name": "又改", "revision": 1})).status_code == 412
    assert client.delete(f"{base}/records/{code}?why=已停用").status_code == 204
    assert client.post(f"{base}/records/{code}/restore").status_code == 200
    items = [
        {"do": "change", "code": code, "revision": 4, "values": {"name": "批量改名的一条"}},
        {"do": "create", "values": json.loads(as_json({**world.values(register.code), "name": "批量录入的一条"}))},
        {"do": "remove", "code": "没有这一条", "why": "停用"},
    ]
    assert send("post", "/bulk", json.dumps({"items": items})).json()["faults"][0]["item"] == 2
    assert client.get(f"{base}/records/{code}").json()["name"] == "接口改名的一条"
    done = send("post", "/bulk", json.dumps({"items": items[:2]}))
    assert done.status_code == 200, done.content.decode()
    assert client.get(f"{base}/records/{code}").json()["name"] == "批量改名的一条"
    faults = send("post", "/records", "{}").json()["faults"]
    assert {"name"} <= {fault["field"] for fault in faults}
    assert all(fault["words"] for fault in faults)


@every
def test_S2_the_api_and_the_features_show_a_stranger_nothing(world, client, register):
    record = world.record(register.code)
    other = world.county.danya if record.region.path.startswith(world.county.canglang.path) else world.county.canglang
    base, features = f"/api/v1/registers/{register.code}", f"/api/v1/ogc/collections/{register.code}/items"
    sign_in(client, make_user("neighbour", "record_keeper", region=other))
    for path in (f"{base}/records/{record.code}", f"{features}/{record.code}"):
        assert client.get(path).status_code == 404
    for path in (f"{base}/records", features):
        answer = client.get(path)
        assert answer.status_code == 404 or not (answer.json().get("total") or answer.json().get("numberMatched"))
    sign_in(client, make_user("nobody"))
    assert client.get(f"{base}/records").status_code == client.get(features).status_code == 404
    client.logout()
    assert client.get(f"{base}/records").status_code == client.get(features).status_code == 401


@every
def test_it_is_a_collection_of_features(world, keeper, client, register):
    record = world.record(register.code)
    sign_in(client, keeper)
    base = f"/api/v1/ogc/collections/{register.code}"
    assert client.get(base).json()["id"] == register.code
    page = client.get(f"{base}/items").json()
    assert page["numberMatched"] == page["numberReturned"]
    (listed,) = [one for one in page["features"] if one["id"] == record.code]
    feature = client.get(f"{base}/items/{record.code}").json()
    assert feature["properties"] == listed["properties"]
    assert (feature["geometry"] is None) == (record.lon is None and not record.outline)
    for name in client.get(f"{base}/queryables").json()["properties"]:
        counts = [
            client.get(f"{base}/items", {"filter": f'"{name}" IS {words}NULL'}).json()["numberMatched"]
            for words in ("", "NOT ")
        ]
        assert sum(counts) == page["numberMatched"], name
    assert client.get(f"{base}/items", {"filter": f"code = '{record.code}'"}).json()["numberMatched"] == 1
    for name in register.sensitive:
        value = str(getattr(record, name) or "")
        assert not value or value not in json.dumps(page, ensure_ascii=False)


@every
def test_its_list_and_its_archive_can_be_taken_away(world, keeper, client, register):
    record = world.record(register.code)
    sign_in(client, keeper)
    columns = ",".join(name for name, info in register.infos().items() if info.kind is not Kind.OUTLINE)
    for kind in ("csv", "csv-gb18030", "xlsx", "geojson"):
        answer = client.get(reverse("registers:export", args=[register.code]), {"as": kind, "cols": columns})
        data = b"".join(answer.streaming_content)
        assert data
        if kind != "xlsx":
            text = data.decode("gb18030" if kind == "csv-gb18030" else "utf-8-sig")
            assert record.name in text
            for name in register.sensitive:
                assert not getattr(record, name) or str(getattr(record, name)) not in text
    for kind in ("pdf", "docx"):
        answer = client.get(reverse("registers:print", args=[register.code, record.code, kind]))
        assert answer.status_code == 200
        assert len(answer.content) > 2000


@every
def test_pages_ask_a_fixed_number_of_queries(world, keeper, client, register, monkeypatch):
    """The numbers stand in a file in git, so that a further query shows in the diff."""
    # Rights and regions are read again after seconds, which on a busy machine pass between the two looks at a page.
    for kept in (rights, regions):
        monkeypatch.setattr(kept, "FRESH_S", 3600.0)
    record = world.record(register.code)
    world.make(register.code, name="另一条")
    sign_in(client, keeper)
    pages = {
        "list": reverse("registers:list", args=[register.code]),
        "detail": address_of(record),
        "history": address_of(record) + "?tab=history",
    }
    counted, asked = {}, {}
    for name, page in pages.items():
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        counted[name], asked[name] = len(queries), [one["sql"] for one in queries]
    known = json.loads(COUNTS.read_text(encoding="utf-8"))
    if register.code not in known:  # a new register writes its line; git shows it
        COUNTS.write_text(
            json.dumps({**known, register.code: counted}, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        known[register.code] = counted
    other = {name: sql for name, sql in asked.items() if counted[name] != known[register.code].get(name)}
    assert counted == known[register.code], "\n".join(sql for sqls in other.values() for sql in sqls)
