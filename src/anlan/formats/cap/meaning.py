"""What a message that is built correctly must also mean: the rules of CAP's text that no schema holds.

Source: CAP 1.2, clauses 3.2.1 to 3.2.4. What the text says with SHOULD is told and does not block.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from anlan.formats.cap.chinese import is_chinese, regions_of
from anlan.formats.cap.places import judge_circle, judge_polygon
from anlan.formats.cap.values import Alert, Area, Info, Resource, moment, references_of
from anlan.formats.findings import Finding, found, noted

_RESTRICTED = re.compile(r"[\s,<&]")
#: BCP 47: a primary language, then script, region and the like.
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z0-9]{2,8})*|x(-[a-z0-9]{1,8})+|i-[a-z]{2,8}", re.IGNORECASE)
_SHA1 = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)

#: Messages that speak of another one.
SPEAKING = ("Update", "Cancel", "Ack", "Error")
#: Messages that warn.
WARNING = ("Alert", "Update")


def judge(alert: Alert, now: datetime, skew: timedelta) -> Iterator[Finding]:
    """What is wrong with the meaning of a message; what an element lacks altogether is the schema's affair.

    skew  how far the sender's clock may be ahead of ours
    """
    yield from _names(alert)
    yield from _references(alert)
    yield from _scope(alert)
    if alert.status == "Exercise" and not alert.note:
        yield noted("no_note", "alert", of=alert.status)
    if alert.msg_type == "Error" and not alert.note:
        yield noted("no_note", "alert", of=alert.msg_type)
    if alert.version != "1.2" and alert.version:
        yield noted("old_version", "alert", version=alert.version)
    sent = moment(alert.sent)
    if sent is None and alert.sent:
        yield found("no_time_zone", "alert/sent", value=alert.sent[:60])
    if sent is not None and sent > now + skew:
        yield noted("from_the_future", "alert/sent", at=alert.sent)
    if not alert.infos and alert.msg_type in WARNING:
        yield found("no_info", "alert")
    china = _chinese_place(alert)
    for number, info in enumerate(alert.infos, 1):
        yield from _info(alert, info, f"alert/info[{number}]", now, china)


def _names(alert: Alert) -> Iterator[Finding]:
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not value.strip():
            yield found("empty_element", f"alert/{name}")
        elif _RESTRICTED.search(value):
            yield found("restricted_sign", f"alert/{name}", value=value[:120])


def _references(alert: Alert) -> Iterator[Finding]:
    where = "alert/references"
    if alert.references is None or not alert.references.strip():
        if alert.references is not None:
            yield found("empty_element", where)
        if alert.msg_type in SPEAKING:
            yield found("no_references", "alert", type=alert.msg_type)
        return
    try:
        named = references_of(alert)
    except ValueError:
        wrong = next(
            one
            for one in alert.references.split()
            if len(list(filter(None, one.split(",")))) != 3 or one.count(",") != 2
        )
        yield found("bad_reference", where, value=wrong[:120])
        return
    sent = moment(alert.sent)
    for one in named:
        at = moment(one.sent)
        if at is None:
            yield found("bad_reference", where, value=str(one)[:120])
        elif one == alert.reference:
            yield found("refers_to_itself", where)
        elif sent is not None and at > sent:
            yield found("refers_to_later", where, value=str(one)[:120])


def _scope(alert: Alert) -> Iterator[Finding]:
    for name, value, scope, code in (
        ("restriction", alert.restriction, "Restricted", "no_restriction"),
        ("addresses", alert.addresses, "Private", "no_addresses"),
    ):
        if value is not None and not value.strip():
            yield noted("empty_element", f"alert/{name}")
        if alert.scope == scope and not (value or "").strip():
            yield found(code, "alert")
    if alert.restriction and alert.scope != "Restricted":
        yield noted("idle_restriction", "alert/restriction", scope=alert.scope)


def _chinese_place(alert: Alert) -> bool:
    """Whether the codes say that it is about a place in China: a sender or an area of GB/T 2260."""
    return is_chinese(alert) or any(map(regions_of, alert.infos))


def _info(alert: Alert, info: Info, where: str, now: datetime, china: bool) -> Iterator[Finding]:
    if info.language is not None and not _LANGUAGE.fullmatch(info.language.strip()):
        yield found("bad_language", f"{where}/language", value=info.language[:60])
    if not info.event.strip():
        yield found("empty_element", f"{where}/event")
    yield from _times(alert, info, where, now)
    yield from _grades(info, where)
    for kind, codes in (("eventCode", info.event_codes), ("parameter", info.parameters)):
        for number, code in enumerate(codes, 1):
            if not code.value.strip():
                yield noted("empty_code", f"{where}/{kind}[{number}]", name=code.name[:120])
    for number, resource in enumerate(info.resources, 1):
        yield from _resource(resource, f"{where}/resource[{number}]")
    if not info.areas and alert.msg_type in WARNING:
        yield found("no_area", where)
    for number, area in enumerate(info.areas, 1):
        yield from _area(area, f"{where}/area[{number}]", china)


def _times(alert: Alert, info: Info, where: str, now: datetime) -> Iterator[Finding]:
    """What ends does so after all else. An alert may take effect, and its event begin, before it was sent."""
    said = {"sent": alert.sent, "effective": info.effective, "onset": info.onset, "expires": info.expires}
    at = {name: moment(value) for name, value in said.items() if value}
    for name in ("effective", "onset", "expires"):
        if name in at and at[name] is None:
            yield found("no_time_zone", f"{where}/{name}", value=str(said[name])[:60])
    known = {name: value for name, value in at.items() if value is not None}
    pairs = (("sent", "expires", True), ("effective", "expires", True), ("onset", "expires", True),
             ("sent", "effective", False), ("effective", "onset", False))  # fmt: skip
    for first, second, blocks in pairs:
        if first in known and second in known and known[first] > known[second]:
            # A cancellation may well come after the end.
            grave = blocks and not (first == "sent" and alert.msg_type not in WARNING)
            args = {"first": first, "first_at": str(said[first]), "second": second, "second_at": str(said[second])}
            yield Finding("late_order", f"{where}/{second}", args, grave)
    if not info.expires and alert.msg_type in WARNING:
        yield noted("no_expiry", where)
    elif "expires" in known and known["expires"] < now:
        yield noted("expired", f"{where}/expires", at=str(said["expires"]))


def _grades(info: Info, where: str) -> Iterator[Finding]:
    if info.certainty == "Observed" and info.urgency == "Future":
        yield noted("past_but_future", where, certainty=info.certainty, urgency=info.urgency)
    if "AllClear" in info.responses and info.urgency == "Immediate" and info.severity in ("Extreme", "Severe"):
        yield noted("clear_but_urgent", where, urgency=info.urgency, severity=info.severity)
    if "None" in info.responses and len(set(info.responses)) > 1:
        yield noted("none_and_more", where)


def _area(area: Area, where: str, china: bool) -> Iterator[Finding]:
    if not area.description.strip():
        yield found("empty_element", f"{where}/areaDesc")
    for number, written in enumerate(area.polygons, 1):
        yield from judge_polygon(written, f"{where}/polygon[{number}]", in_china=china)
    for number, written in enumerate(area.circles, 1):
        yield from judge_circle(written, f"{where}/circle[{number}]", in_china=china)
    for number, code in enumerate(area.geocodes, 1):
        if not code.value.strip():
            yield noted("empty_code", f"{where}/geocode[{number}]", name=code.name[:120])
    if area.ceiling is not None and area.altitude is None:
        yield found("lone_ceiling", where)
    elif area.ceiling is not None and area.altitude is not None:
        try:
            low = float(area.ceiling) < float(area.altitude)
        except ValueError:
            return
        if low:
            yield found("low_ceiling", where, ceiling=area.ceiling[:40], altitude=area.altitude[:40])


def _resource(resource: Resource, where: str) -> Iterator[Finding]:
    digest = (resource.digest or "").strip()
    if digest and not _SHA1.fullmatch(digest):
        yield found("bad_value", f"{where}/digest", value=digest[:80], kind="SHA-1")
        digest = ""
    if resource.deref_uri is None:
        return
    try:
        content = base64.b64decode("".join(resource.deref_uri.split()), validate=True)
    except (ValueError, binascii.Error):
        yield found("bad_value", f"{where}/derefUri", value=resource.deref_uri[:40], kind="base64")
        return
    # CAP names SHA-1 for this; it tells a damaged file, and the signature of the message a forged one.
    is_ = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if digest and digest.lower() != is_:
        yield found("bad_digest", f"{where}/digest", found=digest, expected=is_)
    size = (resource.size or "").strip().lstrip("+")
    if size.isascii() and size.isdigit() and int(size[:18]) != len(content):
        yield found("bad_size", f"{where}/size", said=size[:18], found=len(content))
