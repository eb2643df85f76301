"""Rules out to a file and in again, limits of single points from a CSV: all or nothing, every fault told."""

from __future__ import annotations

import pytest
import yaml
from django.utils import translation
from sensing_world import LEVELS, NOW, entry_of, person, points_of

from anlan.kernel.rulebook import services as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.schemas import faults_of
from anlan.kernel.sensing.models import RuleChange
from anlan.kernel.sensing.ruling import files, services, times
from anlan.kernel.sensing.ruling.patterns import patterns
from anlan.kernel.sensing.services import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(county):
    return person("author", "程砚舟", county, ["rulebook.see", "rule.propose"])


def read(text, region):
    return files.read(text.encode() if isinstance(text, str) else text, region=region, now=NOW)


def test_every_shipped_rule_comes_back_from_its_own_export_unchanged(county):
    shipped = list(Entry.objects.filter(kind="alarm"))
    assert shipped
    drafts, same = read(files.written(shipped), county)
    assert drafts == []
    assert sorted(same) == sorted(entry.code for entry in shipped)


def test_an_export_is_in_the_form_in_which_rules_are_shipped(county, tmp_path):
    entry_of("OWN-01", region=county, body={"points": ["A"], "condition": LEVELS})
    (tmp_path / "alarms.yaml").write_text(files.written(Entry.objects.filter(code="OWN-01")), encoding="utf-8")
    (shipped,) = rulebook.read(tmp_path)
    assert (shipped.code, shipped.standard, shipped.body["points"]) == ("OWN-01", "GB/T 50493-2019", ["A"])


def test_what_differs_becomes_a_proposal_on_top_of_what_holds(entry, county, author):
    text = files.written([entry]).replace("25.0", "22.0")
    drafts, _same = read(text, county)
    (change,) = services.propose_all(drafts, reason="checked", actor=author, now=NOW)
    assert (change.code, change.base) == ("TEST-01", entry)
    assert change.body["condition"]["steps"][0]["limit"] == 22.0


def test_a_bad_entry_stops_the_whole_file_and_every_bad_one_is_told(entry, county, author):
    content = yaml.safe_load(files.written([entry]))["alarms"]
    good = content[0] | {"code": "NEW-1"}
    wrong = content[0] | {"code": "NEW-2", "condition": {"type": "guess"}}
    worse = content[0] | {"code": "NEW-3", "points": ["NO-SUCH"]}
    drafts, _same = read(yaml.safe_dump({"alarms": [good, wrong, worse]}), county)
    with pytest.raises(Refused) as caught:
        services.propose_all(drafts, reason="all", actor=author, now=NOW)
    assert "NEW-2: " in str(caught.value)
    assert "NO-SUCH" in str(caught.value)
    assert not RuleChange.objects.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "YAML"),
        ("alarms: []", "list of rules"),
        ("alarms: [{title: x}]", "code"),
        ("alarms: [1]", "1"),
        ("alarms: [{code: A, title: a, region: nowhere}]", "nowhere"),
        ("alarms: [{code: A, title: a}, {code: A, title: a}]", "A"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(county, text, says):
    with translation.override("en"), pytest.raises(Refused, match=says):
        read(text, county)


def test_limits_of_single_points_from_a_csv(device, town, hands, county):
    points_of(device, town, hands, 2)
    data = "测点,黄,橙\nGT-2031,10,20\n\nGT-2032, 11,21.5\n".encode("gb18030")
    steps, own = files.limits(data, region=county, direction="high")
    assert steps == [{"severity": 3, "limit": 10.0}, {"severity": 2, "limit": 20.0}]
    assert own == {"GT-2031": [10.0, 20.0], "GT-2032": [11.0, 21.5]}


def test_every_wrong_row_of_the_csv_is_told_with_its_line(device, town, hands, county):
    points_of(device, town, hands, 3)
    data = "point,yellow,orange\nGT-2031,10,x\nGT-2032,30,20\nNO-1,1,2\nGT-2033,1,2\nGT-2033,1,2\nGT-2031,nan,2\n"
    with translation.override("en"), pytest.raises(Refused) as caught:
        files.limits(data.encode(), region=county, direction="high")
    assert str(caught.value).splitlines() == [
        "Line 2: “x” is not a number",
        "Line 3: 20 must lie above 30",
        "Line 6: GT-2033 stands twice",
        "Line 7: “nan” is not a number",
        "There is no point NO-1 in 安澜县",
    ]


def test_low_limits_run_downward(device, town, hands, county):
    points_of(device, town, hands, 1)
    data = b"point,blue,yellow\nGT-2031,5,3\n"
    assert files.limits(data, region=county, direction="low")[1] == {"GT-2031": [5.0, 3.0]}
    with pytest.raises(Refused):
        files.limits(data, region=county, direction="high")


@pytest.mark.parametrize("head", ["code,limit", "yellow,orange", "point,yellow,黄", ""])
def test_a_csv_without_its_columns_is_refused(county, head):
    with pytest.raises(Refused):
        files.limits(f"{head}\nA,1\n".encode(), region=county, direction="high")


def test_every_template_is_a_rule_that_the_engine_takes():
    codes = [pattern.code for pattern in patterns()]
    assert len(codes) == len(set(codes)) > 10
    for pattern in patterns():
        assert faults_of("alarm", pattern.body) == [], pattern.code
        assert pattern.source.standard, pattern.code
        assert pattern.title_zh, pattern.code


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10 min", 600), ("2h", 7200), ("90", 90), ("1.5 h", 5400), ("15 天", 1_296_000), ("30 秒", 30)],
)
def test_lengths_of_time_as_people_write_them(text, seconds):
    assert times.seconds(text) == seconds
    assert times.seconds(times.text(seconds)) == seconds


def test_what_is_no_length_of_time_is_refused():
    for text in ("soon", "10 fortnights", "-5 s"):
        with pytest.raises(ValueError, match=text.split()[0]):
            times.seconds(text)
