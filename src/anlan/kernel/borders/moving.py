"""What lies in a place goes to another one: grants, posts, records with their history, and every other row.

No room is named here: each foreign key to a region that any room declares is found in the models themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.db.models import F

from anlan.kernel.audit import services as audit
from anlan.kernel.borders.models import Merger
from anlan.kernel.people.models import Grant, Post, Slot, User
from anlan.kernel.regions.models import Former, Region
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Register, declared
from anlan.kernel.registers.models import Act, Batch, BatchState, Revision
from anlan.kernel.registers.services.records import next_change
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.web.events import publish

#: Rows of history written by one statement.
AT_ONCE = 500

#: What was moved, so that it can go back: rows by model and field, rights, posts.
Kept = dict[str, Any]

#: Models with a way of their own; versions of rules stay where they were decided.
_APART = (Region, Former, Grant, Post, Entry, Merger)


def references() -> Iterator[tuple[type[models.Model], str]]:
    """Every model and its field that names a region, without the tree itself and what has a way of its own.

    A model that says `stays_with_place` tells of a place as it was: its rows stay where they are.
    """
    for model in apps.get_models():
        if model in _APART or model._meta.proxy or not model._meta.managed or getattr(model, "stays_with_place", False):
            continue
        for field in model._meta.concrete_fields:
            if field.remote_field is not None and field.related_model is Region:
                yield model, field.name


def counted(region: Region) -> dict[str, int]:
    """How many rows of each kind lie directly in a place, by the words of the model; kinds without any are left out."""
    found: dict[str, int] = {}
    places: list[tuple[type[models.Model], str]] = [*references(), (Grant, "region"), (Post, "region")]
    for model, name in places:
        n = model._base_manager.filter(**{name: region}).count()
        if n:
            words = str(model._meta.verbose_name_plural)
            found[words] = found.get(words, 0) + n
    return found


def move_everything(
    source: Region, target: Region, *, actor: User, now: datetime, title: str
) -> tuple[dict[str, int], Kept]:
    """Move what lies directly in `source` to `target`, in the running transaction.

    Returns how many rows a model, and what `move_back` needs. A row that may stand only once in a place, and stands
    there already, stays with the place that ended.
    """
    moved: dict[str, int] = {}
    kept: Kept = {"rows": []}
    for model, name in references():
        pks = _rows_or_records(model, name, source, target, None, actor, now, title)
        if pks:
            moved[model._meta.label_lower] = moved.get(model._meta.label_lower, 0) + len(pks)
            kept["rows"].append([model._meta.label_lower, name, pks])
    kept["grants"] = _grants(source, target, actor, now)
    kept["posts"] = _posts(source, target, actor, now)
    for label, some in (("people.grant", kept["grants"]), ("people.post", kept["posts"])):
        if some:
            moved[label] = len(some)
    return moved, kept


def move_back(
    source: Region, target: Region, kept: Kept, *, actor: User, now: datetime, title: str
) -> tuple[dict[str, int], int]:
    """Bring what came from `source` back there, in the running transaction: how many rows a model, and how many stay.

    What has gone elsewhere, ended or been taken away since is left as it is: a right that was taken away stays away.
    """
    back: dict[str, int] = {}
    stays = 0
    for label, name, pks in kept["rows"]:
        gone = _rows_or_records(apps.get_model(label), name, target, source, pks, actor, now, title)
        stays += len(pks) - len(gone)
        if gone:
            back[label] = back.get(label, 0) + len(gone)
    for label, some, one_back in (
        ("people.grant", kept["grants"], _grant_back),
        ("people.post", kept["posts"], _post_back),
    ):
        n = sum(one_back(one, source, target, actor, now) for one in some)
        stays += len(some) - n
        if n:
            back[label] = n
    return back, stays


def _rows_or_records(
    model: type[models.Model], name: str, source: Region, target: Region, only: Sequence[Any] | None, actor: User,
    now: datetime, title: str,
) -> list[Any]:  # fmt: skip
    """Keys of what was moved from a place to another one; `only` these, None for all."""
    register = next((register for register in declared() if register.model is model), None)
    if only is None:
        pks = list(model._base_manager.filter(**{name: source}).values_list("pk", flat=True))
    else:
        pks = []
        for at in range(0, len(only), AT_ONCE):
            there = model._base_manager.filter(**{name: source, "pk__in": only[at : at + AT_ONCE]})
            pks += there.values_list("pk", flat=True)
    if register is not None:
        _records(register, name, pks, source, target, actor, now, title)
        return pks
    return _rows(model, name, pks, target)


def _rows(model: type[models.Model], name: str, pks: Sequence[Any], target: Region) -> list[Any]:
    moved: list[Any] = []
    for at in range(0, len(pks), AT_ONCE):
        some = pks[at : at + AT_ONCE]
        try:
            with transaction.atomic():
                model._base_manager.filter(pk__in=some).update(**{name: target})
            moved += some
            continue
        except IntegrityError:
            pass  # some stand there already, so each is tried by itself
        for pk in some:
            try:
                with transaction.atomic():
                    model._base_manager.filter(pk=pk).update(**{name: target})
                moved.append(pk)
            except IntegrityError:
                continue
    return moved


def _records(
    register: Register, name: str, pks: Sequence[int], source: Region, target: Region, actor: User, now: datetime,
    title: str,
) -> None:  # fmt: skip
    """Records with a line of history each, all of one published batch, so that every reader of the register follows."""
    if not pks:
        return
    number = next_change(register)
    batch = Batch.objects.create(
        register=register.code, state=BatchState.PUBLISHED, title=title[:200], changed=len(pks), by=actor, at=now,
        published_at=now,
    )  # fmt: skip
    info = register.infos().get(name)
    sides = {}
    if info is not None:
        sides = {"before": {name: reading.as_json(info, source)}, "after": {name: reading.as_json(info, target)}}
    for at in range(0, len(pks), AT_ONCE):
        Revision.objects.bulk_create(
            Revision(register=register.code, record=pk, act=Act.CHANGE, at=now, by=actor, batch=batch, **sides)
            for pk in pks[at : at + AT_ONCE]
        )
        rows = register.model.records.filter(pk__in=pks[at : at + AT_ONCE])
        rows.update(**{name: target}, revision=F("revision") + 1, changed_at=now, changed_by=actor)
    Revision.objects.create(
        register=register.code, n=number, act=Act.PUBLISH, at=now, by=actor, batch=batch, note=batch.title
    )
    publish("record.changed", region=target, verb=register.see, at=now, data={"register": register.code})


def _grants(source: Region, target: Region, actor: User, now: datetime) -> list[Kept]:
    """Rights go along. Who holds the same there already holds it for the longer of the two spans."""
    kept: list[Kept] = []
    for grant in list(Grant.objects.filter(region=source).select_related("user", "role")):
        twin = Grant.objects.filter(user=grant.user, role=grant.role, region=target).first()
        if twin is None:
            kept.append({"pk": grant.pk})
            grant.region = target
            grant.save()
        else:
            kept.append({"was": _packed(grant), "twin": _packed(twin)})
            if twin.valid_from is not None:
                twin.valid_from = None if grant.valid_from is None else min(twin.valid_from, grant.valid_from)
            if twin.valid_to is not None:
                twin.valid_to = None if grant.valid_to is None else max(twin.valid_to, grant.valid_to)
            twin.save()
            kept[-1]["joined"] = _packed(twin)
            grant.delete()
        audit.record(
            actor=actor, verb="rights.manage", obj=grant.user, region=target, now=now,
            before={"given": grant.role.code, "region": source.code},
            after={"given": grant.role.code, "region": target.code},
        )  # fmt: skip
    return kept


def _grant_back(one: Kept, source: Region, target: Region, actor: User, now: datetime) -> bool:
    """A right goes back where it came from; the one that it was folded into is what it was, if nobody changed it.

    When somebody did, what goes back reaches no further than what is left: a span that was shortened stays short.
    """
    if "pk" in one:
        grant = Grant.objects.filter(pk=one["pk"], region=target).first()
        if grant is None:
            return False
        grant.region = source
        grant.save()
    else:
        twin = Grant.objects.filter(pk=_unpacked(one["twin"]).pk).first()
        if twin is None:
            return False  # taken away since, and so is the part of it that came from here
        grant = _unpacked(one["was"])
        if _packed(twin) == one["joined"]:
            _unpacked(one["twin"]).save()
        elif not _shortened(grant, twin):
            return False
        grant.save(force_insert=True)
    audit.record(
        actor=actor, verb="rights.manage", obj=grant.user, region=source, now=now,
        before={"given": grant.role.code, "region": target.code},
        after={"given": grant.role.code, "region": source.code},
    )  # fmt: skip
    return True


def _shortened(grant: Grant, left: Grant) -> bool:
    """Bound the span of `grant` to that of `left`; False when nothing of it is left."""
    starts = [at for at in (grant.valid_from, left.valid_from) if at is not None]
    ends = [at for at in (grant.valid_to, left.valid_to) if at is not None]
    grant.valid_from, grant.valid_to = max(starts, default=None), min(ends, default=None)
    return grant.valid_from is None or grant.valid_to is None or grant.valid_from < grant.valid_to


def _packed(row: models.Model) -> str:
    return str(serializers.serialize("json", [row]))


def _unpacked(text: str) -> Any:
    return next(iter(serializers.deserialize("json", text))).object


def _posts(source: Region, target: Region, actor: User, now: datetime) -> list[Kept]:
    """Posts go along: into the same slot when it is free, else into B, else they are given up and the trail says so."""
    kept: list[Kept] = []
    for post in list(Post.objects.filter(region=source).select_related("holder").order_by("duty", "slot", "pk")):
        before = {"duty": post.duty, "slot": post.slot, "region": source.code, "holder": post.holder}
        taken = set(
            Post.objects.filter(region=target, duty=post.duty, holder__isnull=False).values_list("slot", flat=True)
        )
        free = next((slot for slot in (post.slot, Slot.B) if slot not in taken), None)
        if free is None:
            post_ref = f"post:{post.pk}"
            kept.append({"was": _packed(post)})
            post.delete()
            audit.record(actor=actor, verb="duty.manage", obj=post_ref, region=target, before=before, after={}, now=now)
            continue
        kept.append({"pk": post.pk, "slot": post.slot, "now": free})
        post.region, post.slot = target, free
        post.save()
        after = {**before, "slot": free, "region": target.code}
        audit.record(actor=actor, verb="duty.manage", obj=post, region=target, before=before, after=after, now=now)
    return kept


def _post_back(one: Kept, source: Region, target: Region, actor: User, now: datetime) -> bool:
    """A post goes back into the slot that it had; one that was given up stands again."""
    if "was" in one:
        post = _unpacked(one["was"])
        post.save(force_insert=True)
    else:
        post = Post.objects.filter(pk=one["pk"], region=target, slot=one["now"]).first()
        if post is None:
            return False
        post.region, post.slot = source, one["slot"]
        post.save()
    after = {"duty": post.duty, "slot": post.slot, "region": source.code, "holder": post.holder}
    audit.record(
        actor=actor, verb="duty.manage", obj=post, region=source, before={"region": target.code}, after=after, now=now
    )
    return True
