"""The demo's library: excerpts of laws, house rules in two editions, a local standard, accident cases, data sheets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from typing import Any

import yaml

from anlan.apps.knowledge.models import Document
from anlan.apps.knowledge.services import notes
from anlan.apps.knowledge.services.library import Facts, keep_text
from anlan.apps.knowledge.sheets import section_titles
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.formats.texts.cutting import cut
from anlan.formats.texts.reading import Limits, text_of
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region

ORDER = 800

FOLDER = files("anlan") / "demo" / "library"
CONGRESS, COUNCIL = "全国人民代表大会常务委员会", "国务院"
BUREAU = f"{model.COUNTY_NAME}应急管理局"
#: File, issuer, day of issue, first day in force, keywords.
LAWS = (
    ("work-safety-law", CONGRESS, date(2021, 6, 10), date(2021, 9, 1), "安全生产 重大危险源 隐患 应急救援"),
    ("emergency-response-law", CONGRESS, date(2024, 6, 28), date(2024, 11, 1), "突发事件 预警 应急处置"),
    ("fire-law", CONGRESS, date(2021, 4, 29), date(2021, 4, 29), "消防 灭火救援"),
    ("geological-hazards-regulation", COUNCIL, date(2003, 11, 24), date(2004, 3, 1), "滑坡 群测群防"),
    ("hazardous-chemicals-regulation", COUNCIL, date(2011, 2, 16), date(2011, 12, 1), "危险化学品 登记"),
)
#: What a first responder does, by class of substance: hazard, first aid, fire, release, protection, transport class.
CLASSES: Mapping[str, tuple[str, str, str, str, str, str]] = {
    "toxic_gas": (
        "有毒气体，吸入可致命；高压容器受热可爆炸。",
        "迅速脱离现场至空气新鲜处，保持呼吸道通畅；呼吸停止时立即人工呼吸并就医。眼睛接触：流动清水冲洗至少15分钟。",
        "切断气源；不能切断时不要扑灭泄漏处火焰。喷水冷却容器，消防员佩戴正压式空气呼吸器。",
        "从上风向进入，划定警戒区，疏散下风向人员；着重型防化服、佩戴空气呼吸器堵漏；用雾状水或合适的吸收液稀释，构筑围堤收容废水。",
        "密闭操作、局部排风；设有毒气体报警；佩戴过滤式防毒面具，紧急时佩戴空气呼吸器。",
        "第2.3项 毒性气体",
    ),
    "flammable_gas": (
        "极易燃气体，与空气形成爆炸性混合物，遇火源爆燃。",
        "吸入：移至空气新鲜处，保温、吸氧、就医。冻伤：用温水复温，不要揉搓。",
        "首先切断气源；无法切断时允许稳定燃烧并冷却周围容器。可用雾状水、干粉、二氧化碳。",
        "消除一切火源，使用防爆工具；疏散并隔离，喷雾状水驱散气云；防止进入下水道和地下空间。",
        "设可燃气体报警和防爆通风；穿防静电工作服。",
        "第2.1项 易燃气体",
    ),
    "flammable_liquid": (
        "易燃液体，蒸气与空气形成爆炸性混合物。",
        "皮肤接触：脱去污染衣物，肥皂水清洗。误服：漱口、就医，不要催吐。吸入：移至空气新鲜处。",
        "用泡沫、干粉、二氧化碳、砂土灭火；喷水冷却容器，直流水可能使火势蔓延。",
        "消除火源；用砂土、吸附棉吸收，构筑围堤，泡沫覆盖抑制蒸发；不得冲入下水道。",
        "密闭操作、防静电接地；戴防护眼镜和耐油手套。",
        "第3类 易燃液体",
    ),
    "oxidiser": (
        "氧化性固体，助燃；受热、受污染时可爆炸。",
        "皮肤、眼睛接触：大量清水冲洗。误服：漱口、就医。",
        "远距离大量用水；不要用砂土或泡沫闷盖。人员撤至掩体后，有爆炸征兆时立即全部撤离。",
        "隔离可燃物；小心扫起装入清洁干燥容器，不得与木屑、油类混合。",
        "防尘口罩、橡胶手套；作业场所禁火、禁油。",
        "第5.1项 氧化性物质",
    ),
    "corrosive": (
        "强腐蚀性，可致严重灼伤；遇水或有机物放热。",
        "皮肤接触：先用干布吸去，再以大量流动清水冲洗至少15分钟。眼睛接触：提起眼睑冲洗并就医。误服：漱口，不催吐。",
        "本身不燃；用干粉、二氧化碳扑救周围火灾，避免水直接冲入。",
        "穿耐酸防护服；用砂土围堵，以石灰或纯碱中和后收集。",
        "戴护目镜、耐酸手套和围裙；现场设洗眼器和淋洗器。",
        "第8类 腐蚀性物质",
    ),
}


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter all of it by the verbs that a bureau's people use."""
    bureau = Region.objects.get(code=model.COUNTY)
    town = Region.objects.get(code=county.towns[0].code)
    for name, issuer, issued, in_force, keywords in LAWS:
        facts = Facts("law", "", issuer=issuer, issued_on=issued, in_force_on=in_force, keywords=keywords)
        _keep(name, facts, actor, now)
    _house_rules(bureau, town, actor, now)
    for case in yaml.safe_load((FOLDER / "cases.yaml").read_text(encoding="utf-8")):
        text = case.pop("text")
        facts = Facts("case", issuer=BUREAU, region=bureau, verified=True, **case)
        keep_text(cut(text_of(text.encode(), Limits()), "headings"), facts, actor=actor, now=now)
    for substance in yaml.safe_load((FOLDER / "sheets.yaml").read_text(encoding="utf-8")):
        _sheet(substance, actor, now)


def _keep(name: str, facts: Facts, actor: User, now: datetime, *, replaces: Document | None = None) -> Document:
    """A document of a file, titled as its first line says."""
    found = cut(text_of((FOLDER / f"{name}.txt").read_bytes(), Limits()))
    said = facts.plain() | {"title": facts.title or found.title, "number": facts.number or found.number}
    return keep_text(found, Facts(**said), replaces=replaces, actor=actor, now=now)


def _house_rules(bureau: Region, town: Region, actor: User, now: datetime) -> None:
    own: dict[str, Any] = {"kind": "own", "title": "", "issuer": BUREAU, "region": bureau, "verified": True}
    old = _keep(
        "duty-2024",
        Facts(**own, issued_on=date(2024, 3, 12), in_force_on=date(2024, 4, 1), keywords="值班 带班 信息报送"),
        actor, now,
    )  # fmt: skip
    new = _keep(
        "duty-2026",
        Facts(**own, issued_on=date(2026, 1, 15), in_force_on=date(2026, 2, 1), keywords="值班 带班 信息报送 交接班"),
        actor, now, replaces=old,
    )  # fmt: skip
    _keep("confined-space", Facts(**own, issued_on=date(2025, 8, 1), keywords="有限空间 检查"), actor, now)
    stores = f"{town.name}防汛物资管理办法"
    flood = Facts(
        "own", stores, number="镇政发〔2025〕11号", issuer=f"{town.name}人民政府", issued_on=date(2025, 4, 20),
        in_force_on=date(2025, 5, 1), region=town, verified=True, keywords="防汛 仓库 盘点",
    )  # fmt: skip
    _keep("flood-stores", flood, actor, now)
    standard = Facts(
        "standard", "", number="DB990123/T 7-2025", issuer=f"{model.COUNTY_NAME}市场监督管理局", region=bureau,
        issued_on=date(2025, 6, 30), in_force_on=date(2025, 10, 1), keywords="物资 储备点", verified=True,
    )  # fmt: skip
    _keep("store-standard", standard, actor, now)
    for anchor, words in (
        ("a3", "汛期四人班的第三、四人由防汛办派出，名单见值班表备注。"),
        ("a6", "交接时先看值班台右上角未确认数，再看倒计时。"),
        ("a8", "二十分钟从接到信息时起算，不从核实时起算。"),
    ):
        notes.add_note(new.clauses.select_related("document").get(anchor=anchor), text=words, actor=actor, now=now)


def _sheet(one: Mapping[str, Any], actor: User, now: datetime) -> None:
    """A safety data sheet of sixteen sections."""
    hazard, aid, fire, release, protection, transport = CLASSES[one["class"]]
    measured = (
        ("沸点（℃）", "boils"), ("闪点（℃）", "flash"), ("爆炸极限（%，体积）", "limits"),
        ("相对蒸气密度（空气=1）", "density"),
    )  # fmt: skip
    facts = [f"外观与性状：{one['look']}。", *(f"{word}：{one[key]}。" for word, key in measured if key in one)]
    bodies = (
        f"化学品中文名：{one['name']}（{one['alias']}）。\n分子式：{one['formula']}。\n企业应急电话：由供货企业填写。",
        f"{hazard}\n{one['note']}。",
        f"主要成分：{one['name']}。\nCAS号：{one['cas']}。",
        aid,
        fire,
        release,
        f"储存于阴凉、通风的专用场所，远离火种、热源；与{one['avoid']}分开存放。\n配备泄漏应急处理设备，严格双人收发。",
        protection,
        "\n".join([*facts, f"溶解性：{one['water']}。"]),
        f"禁配物：{one['avoid']}。",
        f"{one['note']}。\n具体毒性数据以供货企业提供的说明书为准。",
        "防止进入水体、土壤；具体数据以供货企业提供的说明书为准。",
        "按危险废物交有资质的单位处置，不得自行焚烧或排放。",
        f"UN编号：{one['un']}。\n危险性类别：{transport}。\n运输车辆配备相应的消防和泄漏应急器材。",
        "列入《危险化学品目录》，遵守《危险化学品安全管理条例》。",
        "本卡为演示资料，依据常见理化常识编写，未经核实；实际使用以供货企业随货提供的说明书为准。",
    )
    titles = section_titles(now)
    lines = [f"{one['name']}安全技术说明书"]
    for n, (title, body) in enumerate(zip(titles, bodies, strict=True), 1):
        lines += [f"第{n}部分 {title}", body]
    found = cut(text_of("\n".join(lines).encode(), Limits()), "sheet", sheet=titles)
    keep_text(
        found,
        Facts(
            "sheet", found.title, cas=one["cas"], keywords=f"{one['alias']} UN{one['un']}", issued_on=date(2026, 1, 5)
        ),
        actor=actor, now=now,
    )  # fmt: skip
