"""The demo's warnings: two of the county's own, one in force and one called off, and what a neighbour sent.

The neighbouring county, its weather office and its key are as fictional as the county itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import shapely
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

from anlan.apps.warning import composing, rules
from anlan.apps.warning.identity import SENDER
from anlan.apps.warning.models import DraftKind, Message, Sender
from anlan.apps.warning.services import acting, drafting, receiving, senders, sources
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.formats import cap
from anlan.formats.cap import Alert, Area, Info, Named, Signer
from anlan.formats.cap.chinese import BEIJING, Identifier
from anlan.kernel.people.models import User
from anlan.kernel.people.services import people_with
from anlan.kernel.regions.models import Level, Region

ORDER = 920

#: The county and its neighbour upstream as senders; no such codes are in use.
OURS, THEIRS = "99012300000000", "99012441600000"


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter all of it by the verbs that people use."""
    bureau = Region.objects.get(code=model.COUNTY)
    towns = list(Region.objects.filter(level=Level.TOWN, boundary__isnull=False).order_by("code"))
    writer = people_with("warning.draft", bureau)[0]
    signer = next(user for user in people_with("warning.issue", bureau) if user.pk != writer.pk)
    with _named():
        _called_off(towns[:1], writer, signer, now)
        _in_force(towns[1:3], writer, signer, now)
    _neighbour(county, towns[-2:], actor, writer, now)


@contextmanager
def _named() -> Iterator[None]:
    """While the county is planted nobody has set its name as a sender yet; the launcher sets the same one."""
    before = os.environ.get(SENDER)
    os.environ[SENDER] = before or OURS
    try:
        yield
    finally:
        if before is None:
            del os.environ[SENDER]


def _issued(said: dict[str, object], writer: User, signer: User, at: datetime, of: Message | None = None) -> Message:
    kind = DraftKind.ALERT if of is None else DraftKind.CANCEL
    whole = {"polygon": None, "onset": None, "headline_en": "", "description_en": "", "instruction_en": ""} | said
    whole["severity"] = rules.levels(at)[int(str(said["level"]))]["severity"]
    draft = drafting.write(None, whole, kind=kind, of=of, actor=writer, now=at)
    draft = drafting.propose(draft, actor=writer, now=at + timedelta(minutes=4))
    digest = composing.digest_of(draft)
    return drafting.issue(draft, digest=digest, actor=signer, now=at + timedelta(minutes=9))


def _in_force(towns: list[Region], writer: User, signer: User, now: datetime) -> None:
    at = now - timedelta(hours=2)
    names = "、".join(town.name for town in towns)
    _issued(
        {
            "places": [town.code for town in towns], "event": "rainstorm", "level": 3, "urgency": "Expected",
            "certainty": "Likely", "expires": at + timedelta(hours=22), "headline": "安澜县发布暴雨黄色预警",
            "description": f"预计未来6小时，{names}将出现50毫米以上降雨，山区沟谷可能发生山洪和地质灾害。",
            "instruction": "沟谷和陡坡下方人员做好转移准备；暂停户外作业；巡查人员每2小时报告一次。",
            "headline_en": "Yellow rainstorm warning for two towns",
            "description_en": "More than 50 mm of rain within six hours; flash floods are possible in the valleys.",
            "instruction_en": "Be ready to leave valleys and the foot of steep slopes.",
        },
        writer, signer, at,
    )  # fmt: skip


def _called_off(towns: list[Region], writer: User, signer: User, now: datetime) -> None:
    at = now - timedelta(days=1, hours=3)
    said: dict[str, object] = {
        "places": [town.code for town in towns], "event": "gale", "level": 4, "urgency": "Future",
        "certainty": "Possible", "expires": at + timedelta(hours=12), "headline": "安澜县发布大风蓝色预警",
        "description": f"预计今夜{towns[0].name}阵风可达7级。", "instruction": "加固棚架和广告牌，停止高处作业。",
    }  # fmt: skip
    first = _issued(said, writer, signer, at)
    end = {
        "urgency": "Past", "headline": "解除大风蓝色预警", "description": "风力已明显减弱，大风蓝色预警现予解除。",
        "instruction": "",
    }  # fmt: skip
    _issued(said | end, writer, signer, at + timedelta(hours=6), of=first)


def _neighbour(county: County, towns: list[Region], actor: User, officer: User, now: datetime) -> None:
    """A source that pushes, its sender with a certificate, a signed warning, and one that was not signed."""
    name = "临澜县预警信息发布中心"
    source = sources.add(name=name, url="", period_s=120, signature="required", actor=actor, now=now)
    source = sources.change(
        source, name=name, url="", period_s=120, signature="required", enabled=True, actor=actor, now=now
    )  # fmt: skip
    by = _key(county)
    pem = by.certificates[0].public_bytes(serialization.Encoding.PEM).decode()
    row = Sender.objects.create(source=source, sender=THEIRS, name="临澜县气象台", first_at=now)
    senders.allow(row, certificates=pem, reason="电话核对证书指纹", actor=actor, now=now)
    at = now - timedelta(minutes=40)
    shape = shapely.union_all([shapely.from_wkb(bytes(town.boundary or b"")) for town in towns]).convex_hull
    taken = receiving.receive(cap.write(_alert(shape, at, 0), signer=by), source=source, now=now).message
    assert taken is not None and taken.standing == "taken", taken and taken.verdict
    acting.note(taken, actor=officer, now=now)
    receiving.receive(cap.write(_alert(shape, at + timedelta(minutes=5), 1)), source=source, now=now)


def _key(county: County) -> Signer:
    """A key made of the seed of the county, so that two machines show the same one."""
    seed = hashlib.sha256(f"neighbour {county.seed}".encode()).digest()
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Linlan warnings (demo)")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(seed[:8]) + 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 12, 31, tzinfo=UTC))
        .sign(key, None)
    )
    return Signer(key, (certificate,))


def _alert(shape: shapely.Polygon, at: datetime, serial: int) -> Alert:
    ring = " ".join(f"{y:.4f},{x:.4f}" for x, y in shape.exterior.coords)
    local = at.astimezone(BEIJING)
    info = Info(
        language="zh-CN", categories=("Met",), event="雷雨大风", urgency="Immediate", severity="Severe",
        certainty="Likely", event_codes=(Named(name="GB/T 35561", value="11B20"),), effective=cap.stamp(local),
        expires=cap.stamp(local + timedelta(hours=9)), sender_name="临澜县气象台",
        headline="临澜县气象台发布雷雨大风橙色预警",
        description="受上游强对流云团影响，未来3小时临澜县及下游安澜县部分乡镇将出现雷雨大风，阵风可达10级。",
        instruction="停止户外活动，远离临时搭建物；水上船只立即靠岸避风。",
        parameters=(Named(name="color", value="ORANGE"),),
        areas=(Area(description="临澜县及下游毗邻乡镇", polygons=(ring,)),),
    )  # fmt: skip
    name = Identifier(THEIRS[:6], THEIRS[6:9], at, serial)
    return Alert(
        identifier=str(name), sender=name.sender, sent=cap.stamp(local), status="Actual", msg_type="Alert",
        scope="Public", infos=(info,),
    )  # fmt: skip
