"""Two editions of a plan side by side."""

from __future__ import annotations

from anlan.formats.policy import Tree, clean, compare, cut, source_of

OLD = (
    "一、目标\n事故下降百分之十以上，不发生重大事故。\n二、任务\n（一）排查企业隐患。\n（二）建设指挥中心并投入使"
    "用。\n（三）清理旧的台账资料。\n"
)
NEW = (
    "一、目标\n事故下降百分之二十以上，不发生重大事故。\n二、任务\n（一）排查企业隐患。\n（二）培训全体网格人员。"
    "\n（三）建设指挥中心并投入使用。\n"
)


def tree_of(text: str) -> Tree:
    return cut(clean(source_of("a", text)))


def test_every_clause_of_both_is_matched_once():
    old, new = tree_of(OLD), tree_of(NEW)
    found = compare(old, new)
    assert [(one.kind, one.old, one.new) for one in found] == [
        ("changed", 0, 0), ("same", 1, 1), ("same", 2, 2), ("new", None, 3), ("moved", 3, 4), ("gone", 4, None)
    ]  # fmt: skip
    assert 0.5 < found[0].alike < 1


def test_a_plan_is_the_same_as_itself_and_nothing_is_like_an_empty_one():
    tree, empty = tree_of(OLD), tree_of("无")
    assert {one.kind for one in compare(tree, tree)} == {"same"}
    assert sorted(one.kind for one in compare(tree, empty)) == ["gone"] * len(tree.clauses) + ["new"]
