"""What tests of warnings share: the small county with its people, messages of a neighbour, and his key."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from small_county import NOW, make_user, plant_county

from anlan.apps.warning.composing import digest_of
from anlan.apps.warning.models import Sender, Source
from anlan.apps.warning.services import drafting, receiving, senders, sources
from anlan.formats.cap import Alert, Area, Info, Named, Signer, stamp, write
from anlan.formats.cap.chinese import BEIJING
from anlan.kernel.people.services import system_user
from anlan.kernel.rulebook.services import FOLDER, load_shipped

#: The neighbour's name: 14 signs, of a region that is not ours.
THEM = "99012441600000"
OURS = "99012300000000"
#: Half of Canglang, longitude and latitude turned as CAP wants them.
HALF_CANGLANG = "31.60000,104.10000 31.60000,104.30000 31.90000,104.30000 31.90000,104.10000 31.60000,104.10000"
ELSEWHERE = "25.0,100.0 25.0,101.0 26.0,101.0 26.0,100.0 25.0,100.0"


def plant() -> SimpleNamespace:
    """The county with a duty officer, two leaders, a system administrator, and officers of both towns."""
    _rules()
    world = plant_county()
    world.officer = make_user("officer", "duty_officer", region=world.county)
    world.leader = make_user("leader", "leader", region=world.county)
    world.second = make_user("second", "leader", region=world.county)
    world.admin = make_user("admin", "system_admin", region=world.county)
    world.town = make_user("town", "town_officer", region=world.canglang)
    world.danya_officer = make_user("danya", "town_officer", region=world.danya)
    world.hand = system_user("tests")
    return world


def _rules() -> None:
    """Bring in the rules that warnings ask for, and no other: the whole rulebook takes a second."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("warnings", "code_lists"):
            (Path(folder) / f"{name}.yaml").symlink_to(FOLDER / f"{name}.yaml")
        load_shipped(NOW, Path(folder))


def made(**more: Any) -> Alert:
    """A warning of the neighbour about half of Canglang: rainstorm, orange, for twelve hours."""
    number, at = more.pop("number", 0), more.pop("at", NOW)
    area = more.pop("area", Area(description="沧浪镇西部", polygons=(HALF_CANGLANG,)))
    info: dict[str, Any] = {
        "language": "zh-CN", "categories": ("Met",), "event": "暴雨", "urgency": "Immediate", "severity": "Severe",
        "certainty": "Likely", "event_codes": (Named(name="GB/T 35561", value="11B03"),),
        "expires": stamp((at + timedelta(hours=12)).astimezone(BEIJING)), "sender_name": "邻县气象台",
        "headline": "邻县气象台发布暴雨橙色预警", "description": "预计未来3小时降雨量将达50毫米以上。",
        "parameters": (Named(name="color", value="ORANGE"),), "areas": (area,) if area else (),
    }  # fmt: skip
    info |= more.pop("info", {})
    said: dict[str, Any] = {
        "identifier": f"{THEM}_{at.astimezone(BEIJING):%Y%m%d%H%M%S}_{number}", "sender": THEM,
        "sent": stamp(at.astimezone(BEIJING)), "status": "Actual", "msg_type": "Alert", "scope": "Public",
        "infos": (Info(**info),),
    }  # fmt: skip
    return Alert(**(said | more))


def naming(*alerts: Alert) -> str:
    """`references` to messages."""
    return " ".join(f"{one.sender},{one.identifier},{one.sent}" for one in alerts)


def signer(name: str = "邻县气象台", *, at: datetime = NOW) -> Signer:
    """A key with a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1)).not_valid_after(at + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return Signer(key, (certificate,))


def pem(by: Signer) -> str:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in by.certificates).decode()


def source(world: SimpleNamespace, *, signature: str = "any", url: str = "", name: str = "邻县预警中心") -> Source:
    """An open source."""
    row = sources.add(name=name, url=url, period_s=60, signature=signature, actor=world.admin, now=NOW)
    return sources.change(
        row, name=name, url=url, period_s=60, signature=signature, enabled=True, actor=world.admin, now=NOW
    )


def allow(world: SimpleNamespace, row: Source, *, sender: str = THEM, by: Signer | None = None) -> Sender:
    """Let the sender count before it is heard of."""
    known, _new = Sender.objects.get_or_create(source=row, sender=sender, defaults={"first_at": NOW})
    return senders.allow(
        known, certificates=pem(by) if by else "", reason="电话核对", actor=world.leader, now=NOW
    )  # fmt: skip


def come(row: Source, alert: Alert, *, by: Signer | None = None, at: datetime = NOW) -> receiving.Outcome:
    """Let a message come through a source."""
    return receiving.receive(write(alert, signer=by), source=row, now=at)


def said(**more: Any) -> dict[str, Any]:
    """What a draft says: a yellow rainstorm warning for Canglang."""
    found: dict[str, Any] = {
        "places": ["990123101"], "polygon": None, "event": "rainstorm", "level": 3, "urgency": "Expected",
        "severity": "Moderate", "certainty": "Likely", "onset": None, "expires": NOW + timedelta(hours=6),
        "headline": "安澜县发布暴雨黄色预警", "description": "预计未来6小时有大到暴雨。", "instruction": "远离山谷河道。",  # noqa: E501
        "headline_en": "", "description_en": "", "instruction_en": "",
    }  # fmt: skip
    return found | more


def issue(world: SimpleNamespace, *, at: datetime = NOW, **more: Any) -> Any:
    """A warning of ours, written by the officer and issued by the leader."""
    options = {name: more.pop(name) for name in ("kind", "of", "exercise") if name in more}
    draft = drafting.write(None, said(**more), **options, actor=world.officer, now=at)
    drafting.propose(draft, actor=world.officer, now=at)
    draft.refresh_from_db()
    return drafting.issue(draft, digest=digest_of(draft), actor=world.leader, now=at)
