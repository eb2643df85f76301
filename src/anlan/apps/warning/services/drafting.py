"""Our own warnings: written by one person, issued by another, and from then on unchanged (W6).

Whoever wrote any word of a draft cannot issue it. The person who issues sends back the digest of what stood on the
screen; a draft that was changed meanwhile is not issued. What is issued is a new message each time: an update or a
cancellation names all earlier messages of its thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.warning import composing, keys, rules, telling
from anlan.apps.warning.identity import own_sender
from anlan.apps.warning.models import Draft, DraftKind, DraftState, Message, Standing
from anlan.apps.warning.services import receiving
from anlan.apps.warning.services.errors import Refused
from anlan.apps.warning.words import of_finding
from anlan.environment import BadSetting
from anlan.formats import cap
from anlan.formats.cap.values import CERTAINTY, SEVERITY, URGENCY
from anlan.formats.findings import BadMessage, Finding
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region

#: Regions of one draft, corners of what was drawn.
MOST_PLACES, MOST_CORNERS = 200, 2_000
_LONGEST = {"headline": 160, "description": 4_000, "instruction": 4_000}


@transaction.atomic
def write(
    draft: Draft | None, said: Mapping[str, Any], *, kind: str = DraftKind.ALERT, of: Message | None = None,
    exercise: bool = False, actor: User, now: datetime,
) -> Draft:  # fmt: skip
    """Write a draft, a new one or over what is there; one that waited for its second person is a draft again.

    said  the fields of `composing.WRITTEN`; times are aware

    Raises NotAllowed without warning.draft where it is about, or was about; Refused for what cannot be meant.
    """
    place = _place(said)
    require(actor, "warning.draft", place)
    if draft is None:
        if kind != DraftKind.ALERT and of is None:
            raise Refused(_("An update or a cancellation speaks of a message."))
        draft = Draft(kind=kind, of=of, exercise=of.exercise if of is not None else exercise)
        if of is not None:
            _require_open(of)
    else:
        draft = Draft.records.select_for_update(of=("self",)).select_related("region").get(pk=draft.pk)
        require(actor, "warning.draft", draft.region)
        if draft.state not in (DraftState.DRAFT, DraftState.PROPOSED):
            raise Refused(_("This draft was issued or discarded; it does not change any more."))
    for name in composing.WRITTEN:
        setattr(draft, name, said[name])
    _check(draft, now)
    draft.region, draft.state, draft.author, draft.written_at = place, DraftState.DRAFT, actor, now
    draft.proposed_by, draft.proposed_at, draft.returned_why = None, None, ""
    draft.writers = sorted({*draft.writers, actor.pk})
    draft.save()
    _tell(draft, "warning.draft", actor, now)
    return draft


def _place(said: Mapping[str, Any]) -> Region:
    """The narrowest region that holds everything a draft is about. Raises Refused."""
    tree, root = regions.tree(), regions.root()
    codes = list(dict.fromkeys(said["places"]))
    nodes = [tree.by_code.get(code) for code in codes]
    if root is None or len(codes) > MOST_PLACES or None in nodes:
        raise Refused(_("A region of the list does not exist."))
    if not codes and said["polygon"] is None:
        raise Refused(_("Say where: choose regions or draw the area."))
    if said["polygon"] is not None:
        return root
    paths = [node.path for node in nodes if node is not None]
    common = [one for one in regions.prefixes(paths[0]) if all(path.startswith(one) for path in paths)]
    if not common or not common[-1].startswith(root.path):
        return root
    found: Region = Region.objects.get(path=common[-1])
    return found


def shape_of(polygon: Any) -> Any:
    """The outline of a GeoJSON Polygon or MultiPolygon, degrees WGS-84. Raises Refused."""
    try:
        shape = shapely.geometry.shape(polygon)
        corners = shapely.get_num_coordinates(shape)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise Refused(_("The area is no outline of GeoJSON: Polygon or MultiPolygon.")) from error
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise Refused(_("The area is no outline of GeoJSON: Polygon or MultiPolygon."))
    if corners > MOST_CORNERS:
        raise Refused(_("The area has %(n)d corners; at most %(most)d are taken.") % {"n": corners, "most": MOST_CORNERS})  # fmt: skip  # noqa: E501
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise Refused(_("The area is not on Earth: longitude stands before latitude, in degrees."))
    if not shape.is_valid or not shape.area:
        raise Refused(_("The outline of the area crosses itself or encloses nothing."))
    return shape


def _check(draft: Draft, now: datetime) -> None:
    """Refuse what no message can say."""
    if draft.event not in rules.events(now):
        raise Refused(_("This event is not on the list of the rulebook."))
    if draft.level not in (1, 2, 3, 4):
        raise Refused(_("A level is one of red, orange, yellow, blue."))
    for value, known in ((draft.urgency, URGENCY), (draft.severity, SEVERITY), (draft.certainty, CERTAINTY)):
        if value not in known:
            raise Refused(_("Choose urgency, severity and certainty from the lists."))
    if draft.severity != rules.levels(now)[draft.level]["severity"]:
        raise Refused(_("The severity does not fit the colour."))
    for name, most in _LONGEST.items():
        for field in (name, f"{name}_en"):
            setattr(draft, field, getattr(draft, field).strip())
            if len(getattr(draft, field)) > most:
                raise Refused(_("A text has more than %(most)d signs.") % {"most": most})
    if not draft.headline or not draft.description:
        raise Refused(_("A warning has a headline and says what happens."))
    if bool(draft.headline_en) != bool(draft.description_en):
        raise Refused(_("In English, too, a warning has a headline and says what happens; or nothing at all."))
    if draft.polygon is not None:
        shape_of(draft.polygon)
    if draft.onset is not None and draft.onset > draft.expires:
        raise Refused(_("It ends before it begins."))
    if draft.expires <= now:
        raise Refused(_("The end has passed already."))
    if draft.expires > now + composing.longest(now):
        raise Refused(_("It lasts longer than the rulebook lets a warning last."))


@transaction.atomic
def propose(draft: Draft, *, actor: User, now: datetime) -> Draft:
    """Lay a draft before a second person. Raises NotAllowed, Refused."""
    draft = _locked(draft, "warning.draft", actor)
    if draft.state != DraftState.DRAFT:
        raise Refused(_("Only what is being written is handed on."))
    _check(draft, now)
    draft.state, draft.proposed_by, draft.proposed_at = DraftState.PROPOSED, actor, now
    draft.save(update_fields=("state", "proposed_by", "proposed_at"))
    _tell(draft, "warning.propose", actor, now)
    telling.proposed(draft, actor=actor, now=now)
    return draft


@transaction.atomic
def send_back(draft: Draft, *, reason: str, actor: User, now: datetime) -> Draft:
    """Give a draft back to its author. Raises NotAllowed without warning.issue; Refused without a reason."""
    draft = _locked(draft, "warning.issue", actor)
    if draft.state != DraftState.PROPOSED:
        raise Refused(_("Only what waits for you is sent back."))
    if not reason.strip():
        raise Refused(_("Say what is to be changed."))
    draft.state, draft.returned_why = DraftState.DRAFT, reason.strip()[:200]
    draft.save(update_fields=("state", "returned_why"))
    _tell(draft, "warning.send_back", actor, now, note=reason.strip())
    telling.sent_back(draft, actor=actor, now=now)
    return draft


@transaction.atomic
def discard(draft: Draft, *, actor: User, now: datetime) -> Draft:
    """Drop a draft; it stays to be looked at. Raises NotAllowed, Refused."""
    draft = _locked(draft, "warning.draft", actor)
    if draft.state not in (DraftState.DRAFT, DraftState.PROPOSED):
        raise Refused(_("This draft was issued or discarded; it does not change any more."))
    draft.state = DraftState.DISCARDED
    draft.save(update_fields=("state",))
    _tell(draft, "warning.discard", actor, now)
    return draft


@transaction.atomic
def issue(draft: Draft, *, digest: str, actor: User, now: datetime) -> Message:
    """Issue a draft as the second person: it becomes a signed message, which counts from this moment.

    digest  of what the person has read (`composing.digest_of`)

    Raises NotAllowed without warning.issue; Refused for one's own words, for a draft that was changed since it was
    read, for one that our own reader would not take, and while nobody has said who we are as a sender.
    """
    draft = _locked(draft, "warning.issue", actor)
    if draft.state != DraftState.PROPOSED:
        raise Refused(_("Only what waits for a second person is issued."))
    if actor.pk in {*draft.writers, draft.author_id, draft.proposed_by_id} or actor.is_system:
        raise Refused(_("A warning is issued by a second person: you wrote this one."))
    if digest != composing.digest_of(draft):
        raise Refused(_("The draft was changed since you read it. Read it again."))
    _check(draft, now)
    message = _issued(draft, sender=_sender(), now=now)
    draft.state, draft.issued_by, draft.issued_at, draft.message = DraftState.ISSUED, actor, now, message
    draft.save(update_fields=("state", "issued_by", "issued_at", "message"))
    _tell(draft, "warning.issue", actor, now, message=message)
    return message


def _issued(draft: Draft, *, sender: str, now: datetime) -> Message:
    """The signed message of a draft, kept and in force. Raises Refused."""
    free = composing.next_identifier(sender, now)
    if free is None:
        raise Refused(_("Ten messages were issued within this second; try again."))
    serial, at = free
    earlier = references(draft)
    if draft.of is not None:
        _require_open(draft.of)
    alert = composing.alert_of(
        draft, sender=sender, serial=serial, at=at, bureau=bureau_name(), references=earlier
    )  # fmt: skip
    signer = keys.signer()
    try:
        data = cap.write(alert, signer=signer)
    except BadMessage as wrong:
        raise Refused(_in_words(wrong.findings)) from wrong
    known = rules.known(now)
    verdict = cap.check(data, trusted={sender: tuple(signer.certificates)}, now=now, book=known.book)
    if not verdict.signed or verdict.alert is None:
        raise Refused(_in_words([one for one in verdict.findings if one.blocks]))
    message = Message(
        data=data, digest=hashlib.sha256(data).hexdigest(), came_at=now, standing=Standing.TAKEN, signed=True,
        verdict=receiving.plain(verdict),
    )  # fmt: skip
    receiving.fill(message, verdict.alert, known, now)
    receiving.keep(message, verdict.alert, now=now)
    return message


def references(draft: Draft) -> Sequence[Message]:
    """Every message of the thread that a draft speaks of, so that whoever missed one drops the others all the same."""
    if draft.of is None:
        return ()
    rows = Message.objects.filter(standing=Standing.TAKEN, source=None, status=draft.of.status)
    return list(rows.filter(thread=draft.of.thread).order_by("sent", "id"))


def bureau_name() -> str:
    """Who issues, as people read it, in Chinese: the language of our messages."""
    root = regions.tree().root()
    return f"{root.name}应急管理局" if root is not None else ""


def _sender() -> str:
    try:
        sender = own_sender()
    except BadSetting as wrong:
        raise Refused(str(wrong)) from wrong
    if not sender:
        raise Refused(
            _(
                "Nobody has said who we are as a sender of warnings. Whoever runs the server sets "
                "ANLAN_WARNING_SENDER; until then nothing is issued."
            )
        )
    return sender


def _require_open(message: Message) -> None:
    """Only the newest message of ours is updated or cancelled. Raises Refused."""
    message.refresh_from_db()
    if not message.is_own or message.standing != Standing.TAKEN or message.msg_type == "Cancel":
        raise Refused(_("Only a warning of our own that stands is updated or cancelled."))
    if message.superseded_by_id is not None:
        raise Refused(_("A newer message stands for this one already."))


def _locked(draft: Draft, verb: str, actor: User) -> Draft:
    """The row as it is now, held until the transaction ends. Raises NotAllowed without the verb in its place."""
    row: Draft = Draft.records.select_for_update(of=("self",)).select_related("region", "of").get(pk=draft.pk)
    require(actor, verb, row.region)
    return row


def _in_words(findings: Sequence[Finding]) -> str:
    said = [f"{one.where}: {of_finding({'code': one.code, 'args': dict(one.args)})}" for one in findings[:5]]
    return _("Our own reader would not take this message: %(why)s") % {"why": " ".join(said)}


def _tell(
    draft: Draft, verb: str, actor: User, now: datetime, *, message: Message | None = None, note: str = ""
) -> None:  # fmt: skip
    audit.record(
        actor=actor, verb=verb, obj=draft, region=draft.region, note=note, now=now,
        after={"kind": draft.kind, "exercise": draft.exercise, "level": draft.level, "event": draft.event,
               "headline": draft.headline, "digest": composing.digest_of(draft), "state": draft.state,
               "identifier": message.identifier if message is not None else ""},
    )  # fmt: skip
