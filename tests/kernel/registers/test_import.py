"""Files become records: named, judged, mended, put in force as one act, undone as one act."""

from __future__ import annotations

import pytest
from importing_world import (
    COLUMNS,
    GOOD,
    HEADINGS,
    checked,
    committed,
    counts,
    geojson,
    kml,
    named,
    taken,
    text,
    workbook,
    zipped_shapefile,
)
from small_county import NOW, make_user

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.formats.coordinates import from_wgs84
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.importing import guessing, services, steps
from anlan.kernel.registers.importing.models import Import, Step, Verdict
from anlan.kernel.registers.services import Refused


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA = tmp_path


def only(row: Import, number: int):
    return row.lines.get(row=number)


# --- formats ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (workbook(GOOD), "企业.xlsx"),
        (text(GOOD), "企业.csv"),
        (text(GOOD, "utf-8-sig"), "企业.csv"),
        (text(GOOD, "gb18030"), "企业.csv"),
    ],
    ids=["xlsx", "utf-8", "bom", "gb18030"],
)
def test_a_table_becomes_records(county, keeper, data, name):
    row = committed(checked(keeper, data, name))
    assert row.step == Step.DONE
    assert counts(row) == {"new": 3}
    one, two, three = Enterprise.present.order_by("code")
    assert (one.name, one.kind, one.risk, one.keeper_phone, one.region) == (
        "沙头精细化工有限公司", "chemical", 2, "19000004855", county.shatou,
    )  # fmt: skip
    assert (two.region, two.lon, two.risk) == (county.danya, 104.6, 4)
    assert (three.region, three.lon) == (county.yuntai, None)
    assert Entry.objects.filter(verb="import.write").count() == 1


def test_points_of_a_map_file_become_places_and_find_their_region(county, keeper):
    point = {"type": "Point", "coordinates": [104.6, 31.6]}
    row = checked(keeper, geojson([(point, {"名称": "云台油库", "类型": "warehouse"})]), "a.geojson")
    assert counts(row) == {"new": 1}
    committed(row)
    site = Enterprise.present.get()
    assert (site.name, site.region, site.lon) == ("云台油库", county.yuntai, 104.6)


def test_a_place_that_is_no_number_is_a_fault_of_its_feature(county, keeper):
    said = {"name": "甲库", "kind": "warehouse", "region": "丹崖镇"}
    data = geojson([({"type": "Point", "coordinates": [float("nan"), 31.6]}, said)])
    row = checked(keeper, data, "a.geojson")
    assert counts(row) == {"faulty": 1}
    assert [(field, code) for field, code, _w, _b in only(row, 1).faults] == [("lon", "not_finite")]


def test_kml_and_shapefile_are_read_too(county, keeper):
    row = checked(keeper, kml("云台油库", 104.6, 31.6), "a.kml", columns={0: "name"}, fixed={"kind": "warehouse"})
    assert counts(row) == {"new": 1}
    row = checked(
        keeper, zipped_shapefile("沙头仓库", 104.7, 31.6), "a.zip", columns={0: "name"}, fixed={"kind": "warehouse"}
    )
    assert counts(row) == {"new": 1}


@pytest.mark.parametrize("system", ["GCJ-02", "BD-09", "EPSG:4543", "EPSG:4523"])
def test_coordinates_are_moved_from_the_system_that_is_said(county, keeper, system):
    x, y = from_wgs84(system, 104.1, 31.6)
    row = checked(keeper, workbook([(*GOOD[0][:5], float(x), float(y), *GOOD[0][7:])]), system=system)
    site = Enterprise.present.get(batch=committed(row).batch)
    assert site.lon == pytest.approx(104.1, abs=2e-6)
    assert site.lat == pytest.approx(31.6, abs=2e-6)


def test_the_coordinate_system_is_asked_and_never_guessed(county, keeper):
    row = taken(keeper, workbook(GOOD))
    with pytest.raises(Refused, match="坐标系"):
        named(row, system="")
    assert Import.objects.get().step == Step.MAPPING


def test_a_place_that_is_none_in_the_system_is_a_fault_of_its_row_alone(county, keeper):
    rows = [GOOD[0], (*GOOD[1][:5], 104_600_000, 31.6, *GOOD[1][7:])]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"new": 1, "faulty": 1}
    assert [(field, code) for field, code, _w, _b in only(row, 3).faults] == [("lon", "impossible")]


# --- columns --------------------------------------------------------------------------------------------------------
def test_headings_are_guessed_by_names_synonyms_and_units():
    assert tuple(guessing.guess(ENTERPRISES, HEADINGS).values()) == COLUMNS
    assert guessing.guess(ENTERPRISES, ["序列", "单位名称 *", "坐标/经度(°)", "坐标/纬度(°)"]) == {
        1: "name",
        2: "lon",
        3: "lat",
    }
    assert guessing.guess(ENTERPRISES, ["Name", "Region", "村"]) == {0: "name", 1: "region", 2: "region"}


def test_columns_are_remembered_for_the_same_headings(county, keeper):
    headings = ("甲", "乙", "丙")
    rows = [("沙头仓库", "warehouse", "990123101")]
    row = taken(keeper, workbook(rows, headings))
    named(row, columns={0: "name", 1: "kind", 2: "region"})
    again = services.suggested(taken(keeper, workbook(rows, headings)), 0, 0)
    assert again["remembered"]
    assert again["columns"] == {"0": "name", "1": "kind", "2": "region"}


def test_a_field_from_two_columns_is_refused_but_town_and_village_are_one_region(county, keeper):
    row = taken(keeper, workbook([("甲厂", "other", "丹崖镇", "云台村")], ("名称", "类型", "乡镇", "村")))
    with pytest.raises(Refused, match="取自两列"):
        named(row, columns={0: "name", 1: "name"})
    named(row, columns={0: "name", 1: "kind", 2: "region", 3: "region"})
    assert counts(row) == {"new": 1}
    committed(row)
    assert Enterprise.present.get().region == county.yuntai


# --- faults ---------------------------------------------------------------------------------------------------------
def test_every_fault_of_every_row_is_told_with_its_field(county, keeper):
    rows = [
        ("", "chemical", "", "丹崖镇", "", "", "", "", "", ""),
        ("甲厂", "飞船", "", "无此镇", "", "", "", "9", "", ""),
        ("乙厂", "other", "", "", "", "", "", "", "", ""),
        ("丙厂", "other", "", "丹崖镇", "", "东边", 31.6, "", "", ""),
    ]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"faulty": 4}
    said = {line.row: [(field, code) for field, code, _w, blocks in line.faults if blocks] for line in row.lines.all()}
    assert said[2] == [("name", "missing")]
    assert said[3] == [("kind", "choice"), ("risk", "choice"), ("region", "unknown")]
    assert said[4] == [("region", "missing")]
    assert ("lon", "number") in said[5]
    with pytest.raises(Refused, match="4"):
        services.commit(row, actor=keeper, now=NOW)


def test_error_cells_and_lost_digits_are_faults_at_their_cell(county, keeper):
    rows = [("甲厂", "other", 9.1990123000000001e17, "丹崖镇", "", "", "", "", "", "")]
    row = checked(keeper, workbook(rows))
    assert [(field, code) for field, code, _w, _b in only(row, 2).faults] == [("credit_code", "digits_lost")]


def test_a_row_is_mended_on_the_page(county, keeper):
    row = checked(keeper, workbook([("甲厂", "飞船", "", "丹崖镇", "", "", "", "", "", "")]))
    services.decide(row, 2, decision="", edits={"kind": "chemical"}, actor=keeper)
    steps.judge_rows(row, [2])
    assert counts(row) == {"new": 1}
    committed(row)
    assert Enterprise.present.get().kind == "chemical"


def test_a_word_is_explained_once_for_all_its_rows_and_for_the_next_file(county, keeper):
    rows = [(f"{n}号仓", "库房", "", "沧浪", "", "", "", "", "", "") for n in ("一", "二")]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"faulty": 2}
    for field, words in (("kind", {"库房": "warehouse"}), ("region", {"沧浪": "990123101"})):
        services.mean(row, field, words, actor=keeper, now=NOW)
        steps.check(row.pk, NOW)
        row.refresh_from_db()
    assert counts(row)["new"] == 2 or counts(row).get("double")
    again = taken(keeper, workbook([("三号仓", "库房", "", "沧浪", "", "", "", "", "", "")]))
    named(again, aliases=services.suggested_aliases(again, 0, 0))
    assert counts(again) == {"new": 1}


def test_rows_are_left_out_by_one_decision(county, keeper):
    row = checked(keeper, workbook([*GOOD, ("", "", "", "", "合计", "", "", "", "", "")]))
    assert counts(row) == {"new": 3, "faulty": 1}
    services.decide_many(row, "skip_faulty", actor=keeper, now=NOW)
    steps.check(row.pk, NOW)
    row.refresh_from_db()
    assert counts(row) == {"new": 3, "skipped": 1}
    assert committed(row).batch.created == 3


# --- doubles --------------------------------------------------------------------------------------------------------
def test_a_row_with_the_key_of_a_record_changes_it_and_empty_cells_leave_what_is_there(sites, keeper):
    rows = [("澜润化工仓储公司", "", "91990123MA00000011", "", "", "", "", 1, "", "")]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"changed": 1}
    committed(row)
    site = Enterprise.present.get(code="S-1")
    assert (site.name, site.risk, site.keeper, site.address) == ("澜润化工仓储公司", 1, "窦长微", "经二路6号")
    assert Enterprise.present.count() == 5


def test_the_same_file_again_changes_nothing(county, keeper):
    first = committed(checked(keeper, text(GOOD[:1]), "a.csv"))
    again = checked(keeper, text(GOOD[:1]), "a.csv")
    assert counts(again) == {"same": 1}
    with pytest.raises(Refused, match="没有需要录入或变更"):
        services.commit(again, actor=keeper, now=NOW)
    assert services.twins(again).get() == first


def test_the_same_key_twice_in_a_file_names_the_first_row(county, keeper):
    rows = [GOOD[0], ("另一家", "other", "91990123MA00000011", "丹崖镇", "", "", "", "", "", "")]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"new": 1, "faulty": 1}
    ((field, code, words, _blocks),) = only(row, 3).faults
    assert (field, code) == ("credit_code", "twice")
    assert "2" in words
    services.decide(row, 2, decision="skip", actor=keeper)
    steps.judge_rows(row, [2])
    assert counts(row) == {"new": 1, "skipped": 1}


def test_likely_doubles_by_name_and_place_are_decided_one_by_one(sites, keeper):
    rows = [
        ("丹崖加油站有限公司", "filling", "", "", "", 104.6005, 31.6005, "", "", ""),
        ("沙头小学校", "light", "", "沧浪镇/沙头村", "", "", "", "", "", ""),
        ("丹崖加油站", "filling", "", "", "", 104.9, 31.9, "", "", ""),
    ]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"new": 1, "double": 2}
    near, name = only(row, 2).doubles[0], only(row, 3).doubles[0]
    assert (near["pk"], near["why"]) == (sites["S-2"].pk, "near")
    assert (name["pk"], name["why"]) == (sites["S-3"].pk, "name")
    services.decide(row, 2, decision="same", same=near["pk"], actor=keeper)
    services.decide(row, 3, decision="new", actor=keeper)
    steps.judge_rows(row, [2, 3])
    assert counts(row) == {"new": 2, "changed": 1}
    committed(row)
    assert Enterprise.present.get(code="S-2").name == "丹崖加油站有限公司"
    assert Enterprise.present.count() == 7


def test_rows_of_one_file_that_are_alike_are_named_too(county, keeper):
    rows = [
        (f"云台{form}", "other", "", "丹崖镇/云台村", "", "", "", "", "", "") for form in ("木业有限公司", "木业厂")
    ]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"new": 1, "double": 1}
    assert only(row, 3).doubles[0]["row"] == 2


# --- rights ---------------------------------------------------------------------------------------------------------
def test_S1_a_row_outside_of_ones_region_is_a_fault(sites, county):
    keeper = make_user("danya", "record_keeper", region=county.danya)
    rows = [
        ("甲厂", "other", "", "丹崖镇", "", "", "", "", "", ""),
        ("乙厂", "other", "", "沧浪镇", "", "", "", "", "", ""),
        ("澜润", "other", "91990123MA00000011", "丹崖镇", "", "", "", "", "", ""),
    ]
    row = checked(keeper, workbook(rows))
    assert counts(row) == {"new": 1, "faulty": 2}
    assert {line.row: line.faults[0][1] for line in row.lines.all()} == {3: "rights", 4: "rights"}


def test_S1_nobody_else_goes_on_with_an_import(county, keeper):
    row = checked(keeper, workbook(GOOD))
    other = make_user("other", "record_keeper", region=county.county)
    for act in (services.commit, services.check_again, services.give_up):
        with pytest.raises(NotAllowed):
            act(row, actor=other, now=NOW)
    with pytest.raises(NotAllowed):
        services.take_in(ENTERPRISES, workbook(GOOD), "a.xlsx", actor=make_user("nobody"), now=NOW)


def test_S1_a_right_lost_before_the_commit_stops_all_of_it(county, keeper):
    row = checked(keeper, workbook(GOOD))
    keeper.grants.all().delete()
    services.commit(row, actor=keeper, now=NOW)
    steps.write(row.pk, NOW)
    row.refresh_from_db()
    assert row.step == Step.CHECKED
    assert not Enterprise.present.exists()


# --- all or nothing -------------------------------------------------------------------------------------------------
def test_nothing_is_seen_before_the_flip_and_all_of_it_after(county, keeper, monkeypatch):
    row = checked(
        keeper, workbook([(f"{n}号厂", "other", "", "丹崖镇", "", "", "", "", "", "") for n in range(7, 19, 3)])
    )
    services.decide_many(row, "new_doubles", actor=keeper, now=NOW) if row.open_rows else None
    if row.step == Step.CHECKING:
        steps.check(row.pk, NOW)
        row.refresh_from_db()
    seen = []
    publish = registers.publish
    monkeypatch.setattr(
        registers, "publish", lambda *a, **k: (seen.append(Enterprise.present.count()), publish(*a, **k))[1]
    )
    committed(row)
    assert seen == [0]
    assert Enterprise.present.count() == 4


class Killed(BaseException):
    """Stands for kill -9: nothing of the process's own tidying runs after it."""


@pytest.mark.parametrize("at", [1, 2, 3])
def test_R2_an_import_killed_between_two_transactions_goes_on_where_it_was(county, keeper, monkeypatch, at):
    names = ("甲子化工", "乙丑面粉", "丙寅木业", "丁卯印刷", "戊辰水泥")
    row = checked(keeper, workbook([(n, "other", "", "丹崖镇", "", "", "", "", "", "") for n in names]))
    monkeypatch.setattr(steps, "IN_ONE_TRANSACTION", 2)
    services.commit(row, actor=keeper, now=NOW)
    calls = []

    def killed_at(*_args, **_kwargs):
        calls.append(1)
        if len(calls) == at:
            raise Killed
        return real(*_args, **_kwargs)

    real = steps._write_some if at < 3 else registers.publish
    if at == 3:
        calls.extend((1, 1))
        monkeypatch.setattr(registers, "publish", killed_at)
    else:
        monkeypatch.setattr(steps, "_write_some", killed_at)
    with pytest.raises(Killed):
        steps.write(row.pk, NOW)
    assert not Enterprise.present.exists()
    steps.write(row.pk, NOW)
    row.refresh_from_db()
    assert row.step == Step.DONE
    assert sorted(Enterprise.present.values_list("name", flat=True)) == sorted(names)
    steps.write(row.pk, NOW)
    assert Enterprise.records.count() == 5


def test_R2_an_import_killed_while_it_is_checked_is_checked_again(county, keeper, monkeypatch):
    row = taken(keeper, workbook(GOOD))
    options = services.suggested(row, 0, 0)
    services.name_columns(row, {**options, "system": "WGS-84"}, actor=keeper, now=NOW)
    keep = steps._keep

    def killed(*_args):
        raise Killed

    monkeypatch.setattr(steps, "_keep", killed)
    with pytest.raises(Killed):
        steps.check(row.pk, NOW)
    monkeypatch.setattr(steps, "_keep", keep)
    steps.check(row.pk, NOW)
    row.refresh_from_db()
    assert (row.step, counts(row)) == (Step.CHECKED, {"new": 3})


def test_a_register_that_changed_since_the_preview_stops_the_commit(county, keeper):
    row = checked(keeper, workbook(GOOD))
    raw = {"name": "别处先录入的", "kind": "other", "region": "990123102", "credit_code": "91990123MA00000011"}
    registers.create(ENTERPRISES, raw, actor=system_user("tests"), now=NOW)
    committed(row)
    assert row.step == Step.CHECKED
    assert row.note
    assert Enterprise.present.count() == 1
    assert counts(row) == {"new": 2, "changed": 1}
    assert committed(row).step == Step.DONE


def test_a_second_commit_of_the_same_import_is_refused(county, keeper):
    row = committed(checked(keeper, workbook(GOOD)))
    with pytest.raises(Refused, match="已经生效"):
        services.commit(row, actor=keeper, now=NOW)
    assert Enterprise.present.count() == 3


def test_an_import_is_undone_as_one_act_unless_somebody_worked_on_its_records(county, keeper):
    row = committed(checked(keeper, workbook(GOOD)))
    site = Enterprise.present.first()
    registers.change(ENTERPRISES, site, {"risk": 1}, actor=keeper, now=NOW)
    with pytest.raises(Refused, match=site.name):
        services.undo(row, actor=keeper, now=NOW)
    other = committed(checked(keeper, workbook([("新厂", "other", "", "丹崖镇", "", "", "", "", "", "")])))
    services.undo(other, actor=keeper, now=NOW)
    steps.take_back(other.pk, keeper.pk, NOW)
    other.refresh_from_db()
    assert other.step == Step.UNDONE
    assert Enterprise.present.count() == 3


def test_an_import_that_is_given_up_leaves_nothing(county, keeper, tmp_path):
    row = checked(keeper, workbook([("", "", "", "", "", "", "", "", "", ""), GOOD[0]]))
    services.give_up(row, actor=keeper, now=NOW)
    assert not row.lines.exists()
    assert not list((tmp_path / "imports").iterdir())


def test_verdicts_are_counted_over_all_rows(county, keeper):
    row = checked(keeper, workbook([*GOOD, ("", "chemical", "", "丹崖镇", "", "", "", "", "", "")]))
    kinds, matches = row.judged()
    assert kinds.tolist() == [Verdict.NEW] * 3 + [Verdict.FAULTY]
    assert matches.tolist() == [0, 0, 0, 0]
