"""Words under which a plan names who answers for a task."""

from __future__ import annotations

import re

LEAD = (
    "牵头领导", "牵头单位", "牵头部门", "牵头科室", "牵头处室", "牵头人", "责任领导", "分管领导", "包保领导",
    "主管领导", "牵头责任单位", "牵头",
)  # fmt: skip
RESPONSIBLE = (
    "责任单位", "责任部门", "责任科室", "责任处室", "责任主体", "责任人", "承办单位", "承办科室", "落实单位",
    "实施单位", "负责单位", "主办单位", "完成单位",
)  # fmt: skip
PARTICIPANT = (
    "配合单位", "配合部门", "配合科室", "参与单位", "参加单位", "协办单位", "协同单位", "协助单位", "成员单位", "配合",
)  # fmt: skip
_ALL = sorted((*LEAD, *RESPONSIBLE, *PARTICIPANT), key=len, reverse=True)
#: Any of them.
ROLE = re.compile("|".join(_ALL))


def role_of(word: str) -> str:
    """lead, responsible or participant; "" for a word that is none of them."""
    if word in LEAD:
        return "lead"
    if word in RESPONSIBLE:
        return "responsible"
    return "participant" if word in PARTICIPANT else ""
