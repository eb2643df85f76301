"""How sentences set a target. Each way looks at one fragment and gives what it finds; the first way that does wins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from anlan.formats.policy.sentences import Fragment, Sentence
from anlan.formats.policy.times import NUMBER, number_of, without_base, years_of


@dataclass(frozen=True, slots=True)
class Found:
    """A target before it is a draft; `year` where its own words name it."""

    name: str
    comparator: str
    value: Decimal | None
    unit: str
    start: int
    end: int
    reasons: tuple[str, ...]
    year: int | None = None
    rank: str = ""


_RELATIONS = {
    "不低于": ">=", "不少于": ">=", "不小于": ">=", "至少": ">=", "达到": ">=", "达": ">=", "超过": ">", "高于": ">",
    "大于": ">", "提升至": ">=", "提高到": ">=", "提升到": ">=", "提高至": ">=", "增加到": ">=", "保持在": ">=",
    "稳定在": ">=", "≥": ">=", ">=": ">=", ">": ">", "不高于": "<=", "不超过": "<=", "不大于": "<=", "控制在": "<=",
    "下降到": "<=", "降至": "<=", "降到": "<=", "压减到": "<=", "≤": "<=", "<=": "<=", "低于": "<", "小于": "<",
    "少于": "<", "<": "<", "为": "=", "压缩至": "<=", "压缩到": "<=", "缩短至": "<=", "缩短到": "<=", "下降至": "<=",
    "降低到": "<=", "降低至": "<=", "减少到": "<=", "增加至": ">=", "增长到": ">=",
}  # fmt: skip
#: What must not be less is at least that: 不得少于.
_RELATIONS |= {
    f"{must}{word}": turned
    for must in ("不得", "不应", "不能", "不可", "不宜")
    for word, turned in (
        ("少于", ">="), ("低于", ">="), ("小于", ">="), ("短于", ">="), ("超过", "<="), ("高于", "<="), ("大于", "<="),
    )
}  # fmt: skip
_RELATION = "|".join(map(re.escape, sorted(_RELATIONS, key=len, reverse=True)))
_AFTER = {"以上": ">=", "以下": "<=", "以内": "<=", "之内": "<="}
_UNITS = (
    "个百分点|%|‰|家次|人次|万人次|家|个工作日|工作日|个|支|座|处|所|名|人|次|起|件|台|套|辆|项|条|公里"
    "|分钟|小时|天|日|万元|亿元|元|年|场|期|平方米|批|艘|架"
)
#: What a name of a measure ends with.
_MEASURE = (
    "(?:率|占比|比例|比重|比率|起数|人数|次数|件数|户数|家数|数量|总数|总量|指数|覆盖面|水平"
    "|时间|时长|时限|面积|里程|容量|规模|密度|强度|频次|得分|数)"
)
_COMPARED = re.compile(
    rf"(?P<name>.*?)(?P<relation>{_RELATION})\s*(?P<value>\d[\d,]*(?:\.\d+)?"
    rf"|[一二两三四五六七八九十]{{1,3}}(?=[次家个支名人]))\s*(?P<unit>{_UNITS})(?P<more>以上|以下|以内|之内|左右)?"
    r"(?P<rest>.*)"
)
_REACHED = re.compile(rf"(?P<name>.*?)(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>{_UNITS})(?P<more>以上|以下|以内|之内)")
_TREND = re.compile(
    rf"(?P<name>.*?)(?P<trend>下降|降低|减少|压降|提升|提高|增长|上升)(?:了"
    rf"|率)?(?:{_RELATION})?\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>个百分点|%|‰)(?P<more>以上|左右)?"
)
_BOTH = re.compile(r"(?P<name>.*?)[“\"]?(?:双|三|持续|实现)下降[”\"]?(?:的?目标)?$")
_BARE_RATE = re.compile(r"(?P<name>.*?(?:率|占比|比例|比重))\s*(?P<value>\d+(?:\.\d+)?)\s*%")
_SHARE = re.compile(r"(?P<name>[^%]*?)(?P<value>\d+(?:\.\d+)?)\s*%\s*(?P<verb>[\u4e00-\u9fff]{2,6})")
_TOP = re.compile(
    r"(?P<names>.*?)(?:等)?(?:主要|核心)?(?:指标)?(?:均|全部|总体)?(?:继续|努力)?(?:保持|达到|居|位居|处于|进入"
    r"|位列|名列|走在|达)(?:在)?"
    r"(?P<rank>(?:国际|国内|全国|全省|全市|省内|市内|同类|世界)(?:同类)?[^，。；、]{0,6}?(?:一流|领先|先进|前列"
    r"|上游|前茅|前[一二三四五六七八九十\d]{1,2}[名位]?))(?:水平)?"
)
_ZERO = re.compile(
    r"(?P<verb>杜绝|不发生|不出现|零发生|避免发生)(?:一切|各类)?(?P<name>[^，。；]{0,30}?(?:事故|事件|伤亡|死亡))$"
)
_NONE = re.compile(r"(?P<name>.*?)[“\"]?(?P<what>零(?:死亡|事故|伤亡|发生|亡人))[”\"]?(?:目标)?$")
_GROWN = "培育|新增|增加|新建|建立|建成|组建|增设|创建|引进|招录|增配"
_COUNTS = "户|支|个|家|座|处|所|名|辆|台|套|艘|架|人"
_SOME = re.compile(
    rf"(?P<lead>.*?)(?P<verb>{_GROWN})(?:了)?(?P<relation>不少于|至少|不低于"
    rf"|约)?\s*(?P<value>(?<![\d])\d[\d,]*)\s*(?P<unit>{_COUNTS})(?![次\d])(?P<more>以上|左右)?(?P<object>.*)"
)
_SOME_BEHIND = re.compile(
    rf"(?P<lead>.*?)(?P<verb>{_GROWN}|建设)(?P<object>[^，。；\d]{{3,24}}?)(?P<relation>不少于|至少|不低于|约)?\s*(?P<value>\d[\d,]*)\s*(?P<unit>{_COUNTS})"
    r"(?P<more>以上|左右)?$"
)
_SOME_MORE = re.compile(rf"(?P<value>\d+)\s*(?P<unit>{_COUNTS})(?P<object>.{{4,}})")
_LEAST = re.compile(
    rf"(?P<lead>.*?)(?P<relation>不得少于|不少于|不低于|至少)\s*(?P<value>{NUMBER})\s*(?P<unit>{_COUNTS}|次|场|期|家次"
    rf"|人次)(?P<object>.*)"
)
_EACH = re.compile(
    rf"每(?:个|家|座|处|名)?(?P<each>[^，。；\d]{{1,14}}?)(?:至少|均|应|要)?(?:有|建立|建成|配备|设立|设置|配|建)"
    rf"\s*(?P<value>\d+|[一二两三])\s*(?P<unit>{_COUNTS})(?P<object>.{{2,24}})"
)
_RHYTHM = re.compile(
    rf"(?P<lead>.*?)每(?:个)?(?P<every>半年|季度|季|月|年度|年|周|星期|日|天)(?P<relation>至少|不少于"
    rf"|不低于)?(?P<verb>[^，。；\d]*?)"
    rf"(?P<later>至少|不少于|不低于)?(?P<value>{NUMBER})\s*(?P<unit>次|家|轮|场|家次)(?P<object>.*)"
)
_LIMIT_VERBS = (
    "整改|完成|恢复|到位|回访|上传|办结|撤离|转移|安置|救助|反馈|到达|到场|抵达|处置|响应|发布|报告|上报"
    "|修复|答复|核查|处理|整治|闭环|救援|治理|销号"
)
_LIMIT = re.compile(
    rf"(?P<name>.*?)(?P<within>在|于|力争|确保|努力"
    rf"|控制在)?\s*(?<![\d第年月.\-–—~])(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>个工作日|工作日|分钟|小时|天"
    rf"|日)(?:之?内)?(?P<verb>(?:{_LIMIT_VERBS}).{{0,10}})"
)
_AIM = re.compile(
    r"(?P<name>.*?)(?:力争|确保|努力|争取)(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>个工作日|工作日|分钟|小时|天|日)$"
)
_CIRCLE = re.compile(
    r"(?P<name>.*?)[“\"]?(?P<value>\d+)\s*(?P<unit>分钟|小时)[”\"]?(?P<object>[\u4e00-\u9fff]{0,10}圈)"
)
_AHEAD = re.compile(r"(?P<name>.*?)提前(?:量)?(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>分钟|小时|天)")
_WHOLE = re.compile(r"(?P<lead>.*?)实现(?P<name>[^，。；]{4,60}?)全覆盖$")
_UNTIL = re.compile(
    r"(?:到|至|于|在)\s*(?:20\d{2}\s*年|年)\s*(?:\d{1,2}\s*月)?\s*[底末]?(?:之?前)?"
    r"|20\d{2}\s*年\s*(?:\d{1,2}\s*月\s*)?[底末](?:之?前)?|年[底末](?:之?前)?"
)

_TIME_HEAD = re.compile(
    r"^(?:(?:力争|确保|争取|努力|计划|预计)?\s*(?:到|至|在|于"
    r"|截至)?\s*(?:20\d{2}\s*年(?:度)?(?:\s*\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?)?|年(?=[底末内])"
    r"|\d{1,2}月)[底末初]?(?:之?前|以前|内|起)?|全年|每年|当年|年内)\s*"
)
_VERB_HEAD = re.compile(
    r"^(?:建设完善|力争|确保|争取|努力|保证|保持|实现|使|将|把|对|全力|要|并|且|其中|同时|预计|计划|推动|促进|切实"
    r"|达到|完成|以及|和|及|有效|自然灾害方面|年度开展|开展|再)+"
)
_TIME_TAIL = re.compile(
    r"(?:(?:力争|确保|争取)?(?:到|至|在|于)?\s*20\d{2}\s*年(?:度)?(?:\s*\d{1,2}\s*月)?[底末]?(?:之?前)?)$"
)
_WORD_TAIL = re.compile(
    r"(?:平均|均|努力|力争|确保|争取|原则上|均要求|要求|基本|全部|同比|年均|控制|总体|至少|必须|应当|应|要|需|能够"
    r"|较上年|比上年|较20\d{2}年|比20\d{2}年|的|在|率先|分别|都|实现|再|需)+$"
)


def _name(said: str) -> str:
    """The name without words of time and manner around it."""
    said = without_base(said).strip(" 、")
    if said.count("“") != said.count("”") or re.fullmatch(r"“[^“”]*”", said):
        said = re.sub("[“”]", "", said)
    while True:
        shorter = _VERB_HEAD.sub("", _TIME_HEAD.sub("", said))
        shorter = _WORD_TAIL.sub("", _TIME_TAIL.sub("", shorter)).strip(" 、")
        if shorter == said or not shorter:
            return shorter
        said = shorter


def _names(said: str) -> list[str]:
    """A name, or several joined by 、 and 和 where each is the name of a measure."""
    whole = _name(said)
    parts = [_name(part) for part in re.split(r"、|和|及|以及", whole)]
    if len(parts) > 1 and all(re.fullmatch(rf".*{_MEASURE}", part) for part in parts):
        first = re.fullmatch(r"(?P<of>.*?)(?P<measure>死亡人数|受伤人数|人数|起数|次数|家数|件数|数量)", parts[0])
        if first and first["of"]:
            parts = [parts[0], *(first["of"] + part if len(part) <= 4 else part for part in parts[1:])]
        return parts
    return [whole]


def _completed(name: str, fragment: Fragment, previous: str) -> tuple[str, tuple[str, ...]]:
    """A name that says enough by itself, with words of the fragments before it where it does not."""
    if len(name) > 4 and not re.fullmatch(r"[^率]{0,2}率", name):
        return name, ()
    if not name and previous:
        return previous, ("borrowed_name",)
    nearest_first = fragment.before[::-1]
    before = [_name(re.sub(r"\d.*$", "", _name(one))) for one in sorted(nearest_first, key=_has_number)]
    nearest = next((one for one in before if len(one) >= 4), "")
    if not nearest:
        return name, ("short_name",) if name else ()
    nearest = re.sub(
        r"^(?:严格|积极|大力|全面|深入|继续|持续|组织)*(?:开展|推进|实施|加强|做好|落实|进行)", "", nearest
    )
    nearest = re.sub(r"(?:工作|等)$", "", nearest) or nearest
    return nearest if nearest.endswith(name) else nearest + name, ("borrowed_name",)


def _has_number(said: str) -> bool:
    """Fragments with a number set another target; those without are asked first."""
    return bool(re.search(r"\d", said))


def _year(text: str) -> int | None:
    years = years_of(without_base(text))
    return years[-1][1] if years else None


def _found(fragment: Fragment, match: re.Match[str], name: str, comparator: str, unit: str, *reasons: str,
           value: Decimal | None = None) -> Found:  # fmt: skip
    if value is None and "value" in match.re.groupindex:
        value = number_of(match["value"])
    return Found(name, comparator, value, unit, fragment.start + match.start(), fragment.start + match.end(), reasons,
                 _year(match[0]))  # fmt: skip


Target = Callable[[Fragment, Sentence, str], Iterator[Found]]


def trend(fragment: Fragment, _sentence: Sentence, _previous: str) -> Iterator[Found]:
    """事故起数、死亡人数下降20%."""
    if match := _TREND.match(fragment.text):
        down = match["trend"] in ("下降", "降低", "减少", "压降")
        for name in _names(match["name"]):
            if len(name) >= 3:
                yield _found(fragment, match, name + match["trend"], "down" if down else "up", match["unit"],
                             "comparator", "rate")  # fmt: skip


def both(fragment: Fragment, sentence: Sentence, _previous: str) -> Iterator[Found]:
    """事故起数和死亡人数“双下降”."""
    match = _BOTH.match(fragment.text)
    if match and re.search(_MEASURE, match["name"]):
        name = _name(match["name"])
        if len(name) >= 4:
            yield _found(fragment, match, name, "down", "", "trend")


def top(fragment: Fragment, _sentence: Sentence, _previous: str) -> Iterator[Found]:
    """死亡率、受灾率等指标达到国内领先水平."""
    match = _TOP.match(fragment.text)
    if not match:
        return
    rank = match["rank"]
    for part in re.split(r"、|和(?=[^，。]{4})", match["names"]):
        name = _name(re.sub(r"等$|等指标$", "", part))
        if re.fullmatch(rf".{{3,}}{_MEASURE}", name):
            found = _found(fragment, match, name, "top", "", "rank", "rate")
            yield Found(name, "top", None, "", found.start, found.end, found.reasons, found.year, rank)


def zero(fragment: Fragment, _sentence: Sentence, _previous: str) -> Iterator[Found]:
    """杜绝重大事故, 不发生较大以上事故."""
    match = _ZERO.search(fragment.text)
    if match and len(match["name"]) >= 4:
        yield _found(fragment, match, match["name"], "=", "起", "zero", value=Decimal(0))


def none(fragment: Fragment, _sentence: Sentence, _previous: str) -> Iterator[Found]:
    """较大事故零发生, 工矿领域零死亡."""
    match = _NONE.match(fragment.text)
    if match and len(name := _name(match["name"])) >= 2:
        yield _found(fragment, match, name + match["what"], "=", "起" if match["what"] == "零发生" else "", "zero",
                     value=Decimal(0))  # fmt: skip


def ahead(fragment: Fragment, sentence: Sentence, previous: str) -> Iterator[Found]:
    """市级提前12小时."""
    if match := _AHEAD.match(fragment.text):
        name = _name(re.sub(r"(?:努力|力争|确保)?(?:达到|做到|实现)", "", match["name"]))
        if len(name) <= 4 and previous.endswith("提前"):
            # 市级提前12小时、县级提前6小时: the second is of the same thing at another level.
            name = re.sub(r"(?:[省市县区镇村]|乡镇)级$", "", previous.removesuffix("提前")) + name
        yield _found(fragment, match, f"{name}提前", ">=", match["unit"], "time_limit", "comparator")


def limit(fragment: Fragment, _sentence: Sentence, previous: str) -> Iterator[Found]:
    """在60天内整改完毕, 30分钟上传, 确保5天恢复正常, “5分钟”救援圈."""
    if match := _CIRCLE.match(fragment.text):
        yield _found(fragment, match, _name(match["name"]) + match["object"], "<=", match["unit"], "time_limit")
        return
    match = _LIMIT.match(fragment.text)
    if match:
        said = _name(re.sub(r"^实行|^建立", "", match["name"]))
        verb = re.match(rf"(?:{_LIMIT_VERBS})+", match["verb"])
        name, reasons = _completed(said, fragment, "") if len(said) < 2 else (said, ())
        yield _found(fragment, match, name + (verb[0] if verb else ""), "<=", match["unit"], "time_limit", *reasons)
    elif match := _AIM.match(fragment.text):
        name, reasons = _completed(_name(match["name"]), fragment, previous)
        if name:
            yield _found(fragment, match, name, "<=", match["unit"], "time_limit", *reasons)


def rhythm(fragment: Fragment, _sentence: Sentence, previous: str) -> Iterator[Found]:
    """每季度至少组织研究一次."""
    match = _RHYTHM.match(fragment.text)
    if not match or not (match["relation"] or match["later"]):
        return
    said = _name(match["verb"]) + re.sub(r"[。；”].*", "", match["object"])
    name, reasons = _completed(_name(said), fragment, previous)
    if len(name) <= 4 and (who := _name(match["lead"])):
        name, reasons = who + name, ()
    unit = (
        match["unit"] + "/" + {"季": "季度", "年度": "年", "星期": "周", "天": "日"}.get(match["every"], match["every"])
    )
    yield _found(fragment, match, name, ">=", unit, "comparator", "frequency", *reasons)


def each(fragment: Fragment, _sentence: Sentence, _previous: str) -> Iterator[Found]:
    """每个社区有1名信息员."""
    match = _EACH.search(fragment.text)
    if match and not re.match(r"\s*(?:月|年|季|周|日|天)", match["each"]):
        name = f"每个{match['each']}{match['object']}"
        yield _found(fragment, match, name, ">=", f"{match['unit']}/{match['each']}", "quantity")


def compared(fragment: Fragment, sentence: Sentence, previous: str) -> Iterator[Found]:
    """达标率达到95%, 占比控制在1%以内, 审计不低于10家."""
    match = _COMPARED.match(fragment.text)
    if match is None:
        return
    relation, unit = match["relation"], match["unit"]
    named = _name(match["name"])
    rate = unit in ("%", "‰", "个百分点")
    if (
        relation in ("达", "达到", "为", "超过", "控制在", "保持在")
        and not rate
        and not re.search(rf"{_MEASURE}$", named)
    ):
        return
    if re.fullmatch(rf"(?:{_UNITS})*", match["rest"]) is None and re.match(r"\d|[-–—~至]", match["rest"]):
        return
    comparator = _AFTER.get(match["more"] or "", "") or _RELATIONS[relation]
    for name in _names(match["name"]):
        own, reasons = _completed(name, fragment, previous)
        # 不少于300个场所: the object follows.
        if not rate and re.match(r"[\u4e00-\u9fff]{2}", match["rest"]) and not re.search(rf"{_MEASURE}$", own):
            own = _name(match["rest"])
            reasons = ("quantity",)
        if own:
            yield _found(fragment, match, own, comparator, unit, "comparator", *(("rate",) if rate else ()), *reasons)


def reached(fragment: Fragment, _sentence: Sentence, previous: str) -> Iterator[Found]:
    """监督检查次数400家次以上."""
    match = _REACHED.match(fragment.text)
    if match is None:
        return
    name = _name(match["name"])
    if re.search(rf"{_MEASURE}$", name):
        own, reasons = _completed(name, fragment, previous)
        yield _found(fragment, match, own, _AFTER[match["more"]], match["unit"], "comparator", *reasons)


def rate(fragment: Fragment, _sentence: Sentence, previous: str) -> Iterator[Found]:
    """完成率100%."""
    if match := _BARE_RATE.match(fragment.text):
        for name in _names(match["name"]):
            own, reasons = _completed(name, fragment, previous)
            yield _found(fragment, match, own, "=", "%", "rate", *reasons)


def share(fragment: Fragment, _sentence: Sentence, _previous: str) -> Iterator[Found]:
    """新建企业100%入园."""
    match = _SHARE.match(fragment.text)
    if match and len(_name(match["name"])) >= 4:
        yield _found(fragment, match, _name(match["name"]) + match["verb"], "=", "%", "rate")


def some(fragment: Fragment, sentence: Sentence, _previous: str) -> Iterator[Found]:
    """再培育5支队伍, 救援队增加3支."""
    match = _SOME.match(fragment.text) or _SOME_BEHIND.match(fragment.text)
    verb = match["verb"] if match else ""
    if match is None and (more := _SOME_MORE.match(fragment.text)) and fragment.before:
        before = _SOME.match(fragment.before[-1])
        match, verb = (more, before["verb"]) if before else (None, "")
    if match is None or re.match(r"[-–—~至]", match["object"]):
        return
    object_ = _name(re.sub(r"^[的各]|.*?的(?=.{4})", "", re.sub(r"[“”\"]", "", match["object"])))
    if len(object_) < 2 and "lead" in match.re.groupindex:
        object_ = _name(match["lead"])
    # A sum of what is there already, or a part of a longer count, is no target.
    if len(object_) >= 3:
        comparator = ">=" if match.re is not _SOME_MORE and (match["relation"] or match["more"] == "以上") else "="
        yield _found(fragment, match, f"{object_}{verb}数", comparator, match["unit"], "quantity")


def whole(fragment: Fragment, sentence: Sentence, _previous: str) -> Iterator[Found]:
    """到2025年实现行政村终端全覆盖: only with a day by which."""
    match = _WHOLE.search(fragment.text)
    if match is None:
        return
    if sentence.by or _UNTIL.search(sentence.text[: fragment.end - sentence.start]):
        yield _found(fragment, match, _name(match["name"]) + "覆盖率", "=", "%", "coverage", value=Decimal(100))


#: In this order: what is read more exactly comes first.
TARGETS: tuple[Target, ...] = (
    trend, top, zero, none, both, ahead, rhythm, each, limit, compared, reached, rate, share, some, whole,
)  # fmt: skip
