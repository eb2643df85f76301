"""Verbs on mappings: drafted, tried, confirmed by examples, put in force by a person; devices registered for them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from anlan.apps.mappings import queries
from anlan.apps.mappings.models import Caller, Example, Link, Mapping, State
from anlan.apps.mappings.trying import LONGEST, MOST_GIVEN, given, plain_result, try_message
from anlan.formats.vendor_json import Mapping as Rules
from anlan.formats.vendor_json import overlap, plain, read_mapping, read_topic
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.services import Refused
from anlan.kernel.web.events import publish

VERB = queries.VERB
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Examples that a mapping must have before it is put in force, and may have.
LEAST_EXAMPLES, MOST_EXAMPLES = 2, 20
#: Topics that are never a vendor's: those of our own form.
_OURS = read_topic("anlan/#")


@transaction.atomic
def draft_mapping(*, code: str, name: str, region: Region, rules: Rules, actor: User, now: datetime) -> Mapping:
    """Begin a mapping as a draft. Raises NotAllowed, or Refused with the reason."""
    require(actor, VERB, region)
    if not CODE.fullmatch(code):
        raise Refused(_("“%(code)s”: a code has small letters, digits and dashes, at most 40") % {"code": code})
    if Mapping.records.filter(code=code).exists():
        raise Refused(_("There is a mapping with the code %(code)s already") % {"code": code})
    made = _draft(code, 1, _name(name), region, rules, actor, now)
    _told(made, "mapping.draft", actor, now, after={"code": code, "topic": made.topic})
    return made


@transaction.atomic
def new_version(mapping: Mapping, *, actor: User, now: datetime) -> Mapping:
    """A draft that begins as a version that was or is in force, with its examples. Raises NotAllowed, Refused."""
    require(actor, VERB, mapping.region)
    if Mapping.records.filter(code=mapping.code, state=State.DRAFT).exists():
        raise Refused(_("There is a draft of this mapping already"))
    newest = Mapping.records.filter(code=mapping.code).order_by("-version").values_list("version", flat=True).first()
    rules = read_mapping(mapping.body)
    made = _draft(mapping.code, (newest or 0) + 1, mapping.name, mapping.region, rules, actor, now)
    Example.objects.bulk_create(
        Example(
            mapping=made, topic=one.topic, payload=one.payload, at_ms=one.at_ms, gives=one.gives,
            confirmed_by=one.confirmed_by, confirmed_at=one.confirmed_at,
        )
        for one in mapping.examples.order_by("pk")
    )  # fmt: skip
    _told(made, "mapping.draft", actor, now, after={"code": made.code, "version": made.version, "of": mapping.version})
    return made


@transaction.atomic
def change_draft(mapping: Mapping, *, name: str, rules: Rules, actor: User, now: datetime) -> None:
    """Save a draft. Raises NotAllowed, or Refused for a version that is no draft or a topic that another takes."""
    held = _held(mapping, State.DRAFT, actor)
    before = {"topic": held.topic, "body": held.body}
    _free(held.code, rules)
    held.name, held.topic, held.body, held.changed_at = _name(name), rules.body.topic, plain(rules), now
    held.save(update_fields=("name", "topic", "body", "changed_at"))
    _told(held, "mapping.change", actor, now, before=before, after={"topic": held.topic, "body": held.body})


@transaction.atomic
def listen(mapping: Mapping, *, on: bool, actor: User, now: datetime) -> None:
    """Let a draft listen: the first messages of an hour are set aside to be tried, none is taken in."""
    held = _held(mapping, State.DRAFT, actor)
    held.listening, held.changed_at = on, now
    held.save(update_fields=("listening", "changed_at"))
    _told(held, "mapping.listen", actor, now, after={"listening": on})


@transaction.atomic
def keep_example(mapping: Mapping, *, topic: str, payload: str, at_ms: int, actor: User, now: datetime) -> Example:
    """Keep a message beside a draft, and what the draft gives for it as what a person confirmed.

    Raises NotAllowed, or Refused for a message that is kept already, too long, or gives too much to look at.
    """
    held = _held(mapping, State.DRAFT, actor)
    if len(payload) > LONGEST or len(topic) > 240:
        raise Refused(_("An example has at most %(n)d characters: choose a shorter message") % {"n": LONGEST})
    if held.examples.count() >= MOST_EXAMPLES:
        raise Refused(_("At most %(n)d examples are kept beside a mapping") % {"n": MOST_EXAMPLES})
    if held.examples.filter(topic=topic, payload=payload).exists():
        raise Refused(_("This message is kept as an example already"))
    made = Example.objects.create(
        mapping=held,
        topic=topic,
        payload=payload,
        at_ms=at_ms,
        gives=_gives(held, topic, payload, at_ms),
        confirmed_by=actor,
        confirmed_at=now,
    )
    _confirmed(held, made, actor, now)
    return made


@transaction.atomic
def confirm_example(example: Example, *, actor: User, now: datetime) -> None:
    """Say that what the draft gives now for an example is right. Raises NotAllowed, Refused."""
    held = _held(example.mapping, State.DRAFT, actor)
    example.gives = _gives(held, example.topic, example.payload, example.at_ms)
    example.confirmed_by, example.confirmed_at = actor, now
    example.save(update_fields=("gives", "confirmed_by", "confirmed_at"))
    _confirmed(held, example, actor, now)


@transaction.atomic
def drop_example(example: Example, *, actor: User, now: datetime) -> None:
    """Take an example from a draft. Raises NotAllowed, Refused."""
    held = _held(example.mapping, State.DRAFT, actor)
    pk = example.pk
    example.delete()
    _told(held, "mapping.drop_example", actor, now, before={"example": pk})


@transaction.atomic
def put_in_force(mapping: Mapping, *, actor: User, now: datetime) -> None:
    """Let messages go through a draft from now on; the version before it ends in the same moment.

    Raises NotAllowed, or Refused where fewer than two examples are confirmed, one gives something else now, none gives
    a reading, or another mapping takes one of its topics.
    """
    held = _held(mapping, State.DRAFT, actor)
    rules = read_mapping(held.body)
    _free(held.code, rules)
    examples = list(held.examples.order_by("pk"))
    if len(examples) < LEAST_EXAMPLES:
        raise Refused(
            _("A mapping needs %(n)d confirmed example messages before it is put in force") % {"n": LEAST_EXAMPLES}
        )
    differing = [one for one in given(rules, examples) if not one.fits]
    if differing:
        raise Refused(
            _("%(n)d of the examples give something else than what was confirmed: look at them") % {"n": len(differing)}
        )
    if not any(one.gives.get("readings") for one in examples):
        raise Refused(_("None of the examples gives a reading"))
    before = Mapping.records.filter(code=held.code, state=State.IN_FORCE).first()
    if before is not None:
        before.state, before.valid_to, before.ended_by = State.ENDED, now, actor
        before.save(update_fields=("state", "valid_to", "ended_by"))
    held.state, held.listening = State.IN_FORCE, False
    held.valid_from, held.put_by, held.changed_at = now, actor, now
    held.save(update_fields=("state", "listening", "valid_from", "put_by", "changed_at"))
    after = {"version": held.version, "topic": held.topic, "instead_of": before.version if before else None}
    _told(held, "mapping.put_in_force", actor, now, after=after)


@transaction.atomic
def end_mapping(mapping: Mapping, *, actor: User, now: datetime) -> None:
    """Let no more messages go through a mapping. Raises NotAllowed, Refused."""
    held = _held(mapping, State.IN_FORCE, actor)
    held.state, held.valid_to, held.ended_by, held.changed_at = State.ENDED, now, actor, now
    held.save(update_fields=("state", "valid_to", "ended_by", "changed_at"))
    _told(held, "mapping.end", actor, now, before={"state": State.IN_FORCE}, after={"state": State.ENDED})


@transaction.atomic
def drop_draft(mapping: Mapping, *, actor: User, now: datetime) -> None:
    """Remove a draft that was never in force. Raises NotAllowed, Refused."""
    held = _held(mapping, State.DRAFT, actor)
    _told(held, "mapping.drop", actor, now, before={"version": held.version, "body": held.body})
    if not Mapping.records.filter(code=held.code).exclude(pk=held.pk).exists():
        Link.objects.filter(code=held.code).delete()
        Caller.objects.filter(code=held.code).delete()
    held.delete()


@transaction.atomic
def link_device(
    mapping: Mapping, device: Device, *, number: str, sensors: MappingOf[str, str], actor: User, now: datetime
) -> Link:
    """Let a device send through a mapping under the vendor's number of it, or change how it does.

    sensors  sensor → code of a point of this device, "" for one that nobody needs

    Raises NotAllowed without `device.manage` over mapping and device; Refused for a number or a device that is taken,
    or a point that is not this device's.
    """
    require(actor, VERB, mapping.region)
    require(actor, VERB, device.region)
    number = number.strip()
    if not number or len(number) > 60 or not number.isprintable():
        raise Refused(_("Write the number by which the vendor knows the device"))
    if Link.objects.filter(code=mapping.code, number=number).exclude(device=device).exists():
        raise Refused(_("Another device has the number %(number)s") % {"number": number})
    wanted = {code for code in sensors.values() if code}
    there = set(Point.records.filter(device=device, code__in=wanted).values_list("code", flat=True))
    if wanted - there:
        missing = ", ".join(sorted(wanted - there)[:10])
        raise Refused(_("%(device)s has no such points: %(points)s") % {"device": device.code, "points": missing})
    link, _made = Link.objects.update_or_create(
        code=mapping.code, device=device, defaults={"number": number, "sensors": dict(sensors)}
    )
    Caller.objects.filter(code=mapping.code, number=number).delete()
    after = {"mapping": mapping.code, "number": number, "device": device.code, "sensors": len(sensors)}
    _told(mapping, "mapping.link", actor, now, after=after)
    publish("device.changed", ref=f"device:{device.pk}", region=device.region, verb=VERB, at=now)
    return link


@transaction.atomic
def unlink_device(mapping: Mapping, link: Link, *, actor: User, now: datetime) -> None:
    """Take a device from a mapping: its number is unknown from now on. Raises NotAllowed."""
    require(actor, VERB, mapping.region)
    require(actor, VERB, link.device.region)
    before = {"mapping": mapping.code, "number": link.number, "device": link.device.code}
    link.delete()
    _told(mapping, "mapping.unlink", actor, now, before=before)


def _draft(code: str, version: int, name: str, region: Region, rules: Rules, actor: User, now: datetime) -> Mapping:
    _free(code, rules)
    try:
        with transaction.atomic():
            made: Mapping = Mapping.records.create(
                code=code,
                version=version,
                name=name,
                region=region,
                topic=rules.body.topic,
                body=plain(rules),
                made_by=actor,
                made_at=now,
                changed_at=now,
            )
    except IntegrityError as error:
        raise Refused(_("Somebody else has just saved this mapping: look at it again")) from error
    return made


def _free(code: str, rules: Rules) -> None:
    """Raise Refused when another mapping, or messages of our own form, take a topic of this one."""
    if overlap(rules.topic, _OURS):
        raise Refused(
            _("“%(topic)s” would also take messages of our own form under anlan/: begin with a level of the vendor's")
            % {"topic": rules.body.topic}
        )
    # One person after the other: two who save at the same moment do not see each other's topics.
    list(Region.objects.select_for_update(no_key=True).order_by("path").values_list("pk", flat=True)[:1])
    others = Mapping.records.filter(state__in=(State.DRAFT, State.IN_FORCE)).exclude(code=code)
    for other_code, name, topic in others.values_list("code", "name", "topic"):
        if overlap(rules.topic, read_topic(topic)):
            raise Refused(
                _("The mapping %(code)s “%(name)s” (%(its)s) takes topics of “%(topic)s” too: one must give way")
                % {"code": other_code, "name": name, "topic": rules.body.topic, "its": topic}
            )


def _held(mapping: Mapping, state: State, actor: User) -> Mapping:
    """The row of now, locked, in the state that the act asks for. Raises NotAllowed, Refused."""
    require(actor, VERB, mapping.region)
    held: Mapping | None = (
        Mapping.records.select_for_update(of=("self",)).select_related("region").filter(pk=mapping.pk).first()
    )
    if held is None or held.state != state:
        raise Refused(
            _("Only a draft can be changed; make a new version of what was in force")
            if state == State.DRAFT
            else _("This version is not in force")
        )
    return held


def _gives(mapping: Mapping, topic: str, payload: str, at_ms: int) -> dict[str, Any]:
    try:
        found = plain_result(try_message(read_mapping(mapping.body), topic, payload, at_ms))
    except ValueError as error:
        raise Refused(_("The message cannot be read: %(why)s") % {"why": str(error)[:120]}) from error
    if len(found["readings"]) > MOST_GIVEN:
        raise Refused(_("This message gives more than %(n)d readings: choose a shorter one") % {"n": MOST_GIVEN})
    plain_: dict[str, Any] = json.loads(json.dumps(found))
    return plain_


def _name(name: str) -> str:
    if not name.strip():
        raise Refused(_("Give the mapping a name"))
    return name.strip()[:120]


def _confirmed(mapping: Mapping, example: Example, actor: User, now: datetime) -> None:
    gives = example.gives
    after = {"example": example.pk, "readings": len(gives["readings"]), "faults": len(gives["faults"])}
    _told(mapping, "mapping.confirm", actor, now, after=after)


def _told(mapping: Mapping, verb: str, actor: User, now: datetime, **change: Any) -> None:
    audit.record(actor=actor, verb=verb, obj=mapping, region=mapping.region, now=now, **change)


def take_in(
    taken_code: str, name: str, rules: Rules, examples: Sequence[tuple[str, str, int]], *, region: Region, actor: User,
    now: datetime,
) -> Mapping:  # fmt: skip
    """A mapping of a file as a draft: a new one, or the next version of the one with its code. Its examples wait to be
    confirmed by a person here.

    Raises NotAllowed, Refused; nothing is taken then.
    """
    with transaction.atomic():
        newest = Mapping.records.filter(code=taken_code).select_related("region").order_by("-version").first()
        if newest is None:
            made = draft_mapping(code=taken_code, name=name, region=region, rules=rules, actor=actor, now=now)
        else:
            require(actor, VERB, newest.region)
            if newest.state == State.DRAFT:
                raise Refused(_("There is a draft of this mapping already"))
            made = _draft(taken_code, newest.version + 1, _name(name), newest.region, rules, actor, now)
            _told(made, "mapping.draft", actor, now, after={"code": made.code, "version": made.version})
        if any(len(topic) > 240 or len(payload) > LONGEST for topic, payload, _at_ms in examples):
            raise Refused(_("An example has at most %(n)d characters: choose a shorter message") % {"n": LONGEST})
        Example.objects.bulk_create(
            Example(mapping=made, topic=topic, payload=payload, at_ms=at_ms) for topic, payload, at_ms in examples
        )
    return made
