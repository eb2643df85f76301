"""What rules draft from plans of other bureaus and layouts than those they were first tried on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats.policy import Drafts, Indicator, clean, cut, extract, source_of
from anlan.formats.policy.drafts import REASONS


def drafts_of(text: str) -> Drafts:
    return extract(cut(clean(source_of("a", text))))


def targets(said: str, title: str = "某县2026年工作要点") -> list[tuple[str, str, Decimal | None, str, int | None]]:
    found = drafts_of(f"{title}\n一、目标\n{said}\n")
    return [(one.name, one.comparator, one.value, one.unit, one.year) for one in found.indicators]


D = Decimal
SAID = {
    "整改率达到98%以上。": [("整改率", ">=", D(98), "%", 2026)],
    "到2027年，标准化达标率提高到９０％。": [("标准化达标率", ">=", D(90), "%", 2027)],
    "生产安全事故起数、死亡人数较2025年分别下降10%。": [
        ("生产安全事故起数下降", "down", D(10), "%", 2026), ("生产安全事故死亡人数下降", "down", D(10), "%", 2026)
    ],
    "森林火灾受害率控制在0.8‰以内。": [("森林火灾受害率", "<=", D("0.8"), "‰", 2026)],
    "检查企业不得少于50家次。": [("检查企业", ">=", D(50), "家次", 2026)],
    "全年培训不少于1,200人次。": [("目标：培训", ">=", D(1200), "人次", 2026)],
    "重大隐患整改率100%，一般隐患整改率95%。": [
        ("重大隐患整改率", "=", D(100), "%", 2026), ("一般隐患整改率", "=", D(95), "%", 2026)
    ],
    "新建避难场所12个。": [("避难场所新建数", "=", D(12), "个", 2026)],
    "坚决杜绝较大以上火灾事故。": [("较大以上火灾事故", "=", D(0), "起", 2026)],
    "群众举报在3个工作日内办结。": [("群众举报办结", "<=", D(3), "个工作日", 2026)],
    "乡镇主要负责人每季度至少开展一次夜查。": [("乡镇主要负责人夜查", ">=", D(1), "次/季度", 2026)],
    "公众安全感指数位居全省前列。": [("公众安全感指数", "top", None, "", 2026)],
    "标准化达标率达到百分之九十五以上。": [("标准化达标率", ">=", D(95), "%", 2026)],
    "受灾率控制在百分之零点五以内。": [("受灾率", "<=", D("0.5"), "%", 2026)],
    "确保较大以上事故“零发生”。": [("较大以上事故零发生", "=", D(0), "起", 2026)],
    "群众满意率保持全市前三。": [("群众满意率", "top", None, "", 2026)],
    "非事故处罚占比2027年达到80%。": [("非事故处罚占比", ">=", D(80), "%", 2027)],
    "每个行政村至少配备2名信息员。": [("每个行政村信息员", ">=", D(2), "名/行政村", 2026)],
    "群众转移时间压缩至30分钟以内。": [("群众转移时间", "<=", D(30), "分钟", 2026)],
    "1. 隐患点覆盖率不低于98%；\n——组建救援队13支；": [
        ("隐患点覆盖率", ">=", D(98), "%", 2026), ("救援队组建数", "=", D(13), "支", 2026)
    ],
    "力争年底前实现重点企业在线监测全覆盖。": [("重点企业在线监测覆盖率", "=", D(100), "%", 2026)],
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_sentences_set_targets(said):
    assert targets(said) == SAID[said]


@pytest.mark.parametrize(
    "said",
    [
        "2025年以来，共检查企业320家，发现问题30余项。", "加强队伍建设，提高救援能力。",
        "未按规定报告的，处2万元以上5万元以下罚款。",
        "落实“三个必须”和“四不两直”要求。", "辖区面积1200平方公里，人口30万人。", "持续推进6个乡镇试点工作。",
    ],
)  # fmt: skip
def test_sentences_that_set_no_target(said):
    assert targets(said) == []


def test_a_number_under_a_heading_about_how_things_are_is_hardly_a_target():
    (one,) = drafts_of("规划\n一、发展基础\n建成避难场所120个。\n").indicators
    assert "state_of_things" in one.reasons
    assert one.confidence < 0.3


def test_a_table_of_indicators_with_units_base_and_kind():
    found = drafts_of(
        "某市“十五五”规划\n主要指标\n序号|指标名称|单位|2025年现状|2028年目标|2030年目标|属性\n"
        "1|亿元地区生产总值死亡率|人/亿元|0.02|0.018|≤0.015|约束性\n2|预警覆盖率|%|92|95|≥98|预期性\n3|死亡人数|人|1"
        "2|下降10%|下降20%|约束性\n"
    )
    assert [(one.name, one.comparator, one.value, one.unit, one.year, one.kind) for one in found.indicators] == [
        ("亿元地区生产总值死亡率", "=", D("0.018"), "人/亿元", 2028, "binding"),
        ("亿元地区生产总值死亡率", "<=", D("0.015"), "人/亿元", 2030, "binding"),
        ("预警覆盖率", "=", D(95), "%", 2028, "expected"),
        ("预警覆盖率", ">=", D(98), "%", 2030, "expected"),
        ("死亡人数", "down", D(10), "%", 2028, "binding"),
        ("死亡人数", "down", D(20), "%", 2030, "binding"),
    ]
    assert found.indicators[0].base == "2025年现状 0.02"


LEADS = {
    "（责任单位：危化科、各乡镇政府；配合单位：县消防大队）": [
        ("responsible", (), ("危化科", "各乡镇政府")), ("participant", (), ("县消防大队",))
    ],
    "牵头领导：王一宁　李二川\n": [("lead", ("王一宁", "李二川"), ())],
    "[牵头单位:应急局(安委办),责任人:张 三]": [("lead", (), ("应急局(安委办)",)), ("responsible", ("张三",), ())],
    "（牵头领导：王一宁 李二川\n张三江）": [("lead", ("王一宁", "李二川", "张三江"), ())],
    "由县应急局牵头，县公安局、县交通局配合。": [("lead", (), ("县应急局",)), ("participant", (), ("县公安局",
    "县交通局"))],
}  # fmt: skip


@pytest.mark.parametrize("said", LEADS)
def test_who_answers_is_found_in_any_bracket_and_across_lines(said):
    found = drafts_of(f"要点\n一、任务\n（一）排查。开展排查。{said}")
    assert [(one.role, one.people, one.units) for one in found.leads] == LEADS[said]
    assert {one.clause for one in found.leads} == {2}


def test_a_table_of_work_gives_tasks_with_deadlines_and_who_answers():
    found = drafts_of(
        "某局2026年工作要点\n任务分工表\n序号|工作任务|牵头单位|配合单位|完成时限\n"
        "1|制定检查计划|法规科|各科室|2026年3月底前\n2|建设指挥平台|指挥中心||2026.10\n3|开展演练2次|防汛办||9月底前\n"
    )
    assert [(one.verb, one.object, one.deadline, one.quantity) for one in found.tasks] == [
        ("制定", "检查计划", date(2026, 3, 31), None), ("建设", "指挥平台", date(2026, 10, 31), None),
        ("开展", "演练2次", date(2026, 9, 30), D(2)),
    ]  # fmt: skip
    assert [(one.clause, one.role, one.units) for one in found.leads] == [
        (2, "lead", ("法规科",)), (2, "participant", ("各科室",)), (3, "lead", ("指挥中心",)), (4, "lead", ("防汛办",))
    ]  # fmt: skip


def test_sentences_give_tasks_with_what_can_be_measured():
    found = drafts_of(
        "2026年工作要点\n一、强化监管\n6月底前完成全部危化企业排查，全年检查不少于120家次。每季度至少召开一次例会。2"
        "027年，建成指挥平台。"
        "针对2025年大检查发现的问题，督促整改，实现村级服务点全覆盖。\n"
    )
    assert [(one.verb, one.deadline, one.quantity, one.unit, one.frequency, one.coverage) for one in found.tasks] == [
        ("强化", None, None, "", "", None),
        ("完成", date(2026, 6, 30), D(120), "家次", "", None),
        ("建成", date(2027, 12, 31), None, "", "", None),
        ("督促", None, None, "", "", None),
        ("实现", None, None, "", "", D(100)),
    ]


def test_projects_of_a_table_and_of_a_sentence():
    found = drafts_of(
        "规划\n一、工程\n重点工程表\n序号\n工程名称\n建设规模及内容\n建设年限\n投资（万元）\n1\n市级物资库\n建筑面积"
        "3000平方米\n2026-2027年\n2600\n"
        "2\n训练基地\n占地50亩\n2028年\n4800~5000\n二、保障\n总投资约1.2亿元，用于建设区域救援基地项目。\n"
    )
    assert [(one.name, one.begins, one.ends, one.budget, one.budget_to, one.unit) for one in found.projects] == [
        ("市级物资库", 2026, 2027, D(2600), None, "万元"), ("训练基地", 2028, 2028, D(4800), D(5000), "万元"),
        ("区域救援基地项目", None, None, D("1.2"), None, "亿元"),
    ]  # fmt: skip


def test_mechanisms_once_each_and_none_of_nothing_in_particular():
    found = drafts_of("一、机制\n建立健全会商研判机制，完善相关制度。深化“吹哨报到”联动机制，落实会商研判机制。\n")
    assert [one.name for one in found.mechanisms] == ["会商研判机制", "吹哨报到联动机制"]


PIECES = st.lists(
    st.sampled_from(
        ["一、目标", "（一）任务。", "达标率达到95%以上", "2026年，", "，", "。", "；", "\n", "下降10%",
        "每月至少检查2次", "建立", "会商机制", "新建8个站点",
         "（责任单位：", "应急局、王一宁", "）", "牵头领导：", "在3日内整改", "序号|项目|投资\n1|水库|200\n",
         "总投资3亿元", "指标|目标值\n率|≥5%\n", "完成",
         "、", "100%", "“双下降”", "總體要求", "不少于", "１２", "位居全省前列", "杜绝", "重大事故"]
    ),
    max_size=20,
)  # fmt: skip


@given(PIECES)
def test_every_draft_points_at_its_words(pieces):
    tree = cut(clean(source_of("a", "".join(pieces))))
    found = extract(tree)
    for one in (*found.indicators, *found.tasks, *found.leads, *found.projects, *found.mechanisms):
        assert one.words
        assert tree.cleaned.text[one.start : one.end] == one.words
        assert 0 <= one.clause < len(tree.clauses)
        assert 0 < one.confidence <= 1
        assert one.reasons
        assert set(one.reasons) <= REASONS.keys()
        if isinstance(one, Indicator):
            assert one.comparator in {"=", "<", ">", "<=", ">=", "top", "down", "up"}
            assert one.name
