"""Changes to people, roles and grants; each leaves its audit entry in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from anlan.kernel.people import rights, role_names, trail
from anlan.kernel.people.models import Department, Grant, Post, Role, Slot, User
from anlan.kernel.people.queries import anybody_here, holder, people_with
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key

__all__ = [
    "ADMINISTRATORS",
    "Refused",
    "add_department",
    "add_person",
    "change_password",
    "create_owner",
    "describe_person",
    "fill_post",
    "give_role",
    "holder",
    "load_roles",
    "people_with",
    "revoke",
    "set_active",
    "set_language",
    "shipped_roles",
    "system_user",
    "unmask",
]

#: The three administrators (GB/T 22239: system, security, audit): nobody is given two of them.
ADMINISTRATORS = ("system_admin", "security_admin", "audit_admin")

#: What the first person gets: enough to make the others and to give them their roles. The only account that may start
#: with two administrators' roles, and the page says to hand one of them over.
OWNER_ROLES = ("system_admin", "security_admin")


class Refused(ValueError):
    """The change cannot be made; says why in words for the person who asked."""


def system_user(name: str) -> User:
    """The product's own hand of that name ("engine", "jobs", "console"): holds every verb, can never sign in.

    Made when it is first asked for. Raises Refused when a person has that account name.
    """
    username = f"system.{name}"
    user = User.objects.filter(username=username).first()
    if user is None:
        try:
            with transaction.atomic():
                user = User(username=username, name=name, is_system=True)
                user.set_unusable_password()
                user.save()
        except IntegrityError:  # another process made it in this moment
            user = User.objects.get(username=username)
    if not user.is_system:
        raise Refused(_("%(name)s is the account of a person") % {"name": username})
    return user


def shipped_roles() -> dict[str, dict[str, Any]]:
    """code → {"name", "name_zh", "verbs"} as in rulebook/roles.yaml."""
    return role_names.shipped()


@transaction.atomic
def load_roles() -> int:
    """Bring the shipped roles up to the file; returns how many changed. Roles of the bureau's own stay as they are."""
    changed = 0
    have = {role.code: role for role in Role.objects.all()}
    for code, shipped in shipped_roles().items():
        role = have.get(code) or Role(code=code)
        wanted = (shipped["name_zh"], sorted(shipped["verbs"]))
        if (role.name, role.verbs) != wanted:
            role.name, role.verbs = wanted
            role.save()
            changed += 1
    return changed


@transaction.atomic
def create_owner(
    *,
    username: str,
    name: str,
    password: str,
    now: datetime,
    region: Region | None = None,
    roles: Iterable[str] = OWNER_ROLES,
) -> User:
    """The first person of an installation, who sets a password of their own.

    region  where the roles hold; the root of the tree when not given
    roles   codes of shipped roles

    Raises Refused when somebody is here already or no region is planted, ValidationError for a weak password.
    """
    if anybody_here():
        raise Refused(_("This installation has its owner already: sign in, or ask an administrator."))
    region = region or regions.root()
    if region is None:
        raise Refused(_("There is no region yet, so no right could be given."))
    console = system_user("console")
    load_roles()
    owner = add_person(username=username, name=name, password=password, actor=console, now=now)
    for code in roles:
        role = Role.objects.get(code=code)
        Grant.objects.create(user=owner, role=role, region=region, valid_from=now)
        _tell(console, "rights.manage", owner, now, region=region, after={"given": code})
    return owner


@transaction.atomic
def add_person(
    *,
    username: str,
    name: str,
    actor: User,
    now: datetime,
    password: str | None = None,
    department: Department | None = None,
    phone: str = "",
    must_change: bool = False,
    right: str = "people.manage",
) -> User:
    """Open an account. Without a password nobody can sign in with it until one is set.

    right  the verb that allows it; another room may name people without passwords by a verb of its own

    Raises NotAllowed, Refused for a name that is taken or malformed, ValidationError for a weak password.
    """
    rights.require(actor, right if password is None else "people.manage", department.region if department else None)
    username = username.strip()
    if not username or len(username) > 60 or any(c.isspace() or not c.isprintable() for c in username):
        raise Refused(_("A user name has 1 to 60 characters and no blanks."))
    if username.startswith("system."):
        raise Refused(_("Names that start with “system.” belong to the product itself."))
    if User.objects.filter(username__iexact=username).exists():
        raise Refused(_("The user name %(name)s is taken.") % {"name": username})
    user = User(username=username, name=name.strip(), phone=phone, department=department)
    user.pinyin = pinyin_key(user.name)
    user.must_change_password = must_change
    if password is None:
        user.set_unusable_password()
    else:
        validate_password(password, user)
        user.set_password(password)
    user.save()
    where = department.region if department else None
    _tell(actor, right, user, now, region=where, after={"username": username, "name": user.name})
    return user


@transaction.atomic
def describe_person(*, user: User, name: str, department: Department | None, actor: User, now: datetime) -> None:
    """Correct somebody's name or department. Raises NotAllowed."""
    kept = User.objects.select_related("department").get(pk=user.pk)
    rights.require(actor, "people.manage", kept.department.region if kept.department else None)
    rights.require(actor, "people.manage", department.region if department else None)
    before = {"name": kept.name, "department": kept.department.code if kept.department else None}
    kept.name, kept.department, kept.pinyin = name.strip(), department, pinyin_key(name)
    kept.save(update_fields=["name", "department", "pinyin"])
    after = {"name": kept.name, "department": department.code if department else None}
    _tell(actor, "people.manage", kept, now, before=before, after=after)


@transaction.atomic
def change_password(*, user: User, password: str, actor: User, now: datetime, must_change: bool = False) -> None:
    """Set a password; every open session of the account ends.

    A person changes their own; somebody else's needs people.manage. Raises NotAllowed, ValidationError.
    """
    if actor.pk != user.pk:
        rights.require(actor, "people.manage", None)
    if user.is_system:
        raise Refused(_("The product's own accounts never sign in."))
    validate_password(password, user)
    user = User.objects.select_for_update().get(pk=user.pk) if actor.pk != user.pk else user
    user.set_password(password)
    user.must_change_password = must_change
    user.session_epoch += 1
    user.save(update_fields=["password", "must_change_password", "session_epoch"])
    _tell(actor, "people.password", user, now)


@transaction.atomic
def set_active(*, user: User, active: bool, actor: User, now: datetime) -> None:
    """Close or reopen an account; closing ends its sessions. Nobody closes their own. Raises NotAllowed, Refused."""
    rights.require(actor, "people.manage", None)
    if user.pk == actor.pk:
        raise Refused(_("Nobody closes their own account."))
    before = {"active": user.is_active}
    user.is_active = active
    user.session_epoch += 1
    user.save(update_fields=["is_active", "session_epoch"])
    _tell(actor, "people.manage", user, now, before=before, after={"active": active})


@transaction.atomic
def set_language(*, user: User, language: str, now: datetime) -> None:
    """Remember in which language a person reads the screens: "zh-hans", "en"."""
    before, user.language = user.language, language
    user.save(update_fields=["language"])
    _tell(user, "people.language", user, now, before={"language": before}, after={"language": language})


@transaction.atomic
def give_role(
    *,
    user: User,
    role: Role | str,
    region: Region,
    actor: User,
    now: datetime,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> Grant:
    """Let `user` hold `role` in `region` and below, from now or `valid_from` until `valid_to`.

    Giving the same again moves its days. Raises NotAllowed without rights.manage there; Refused when somebody gives
    to themselves, or a second of the three administrators' roles to one person.
    """
    rights.require(actor, "rights.manage", region)
    role = role if isinstance(role, Role) else Role.objects.get(code=role)
    if user.pk == actor.pk:
        raise Refused(_("Nobody gives a role to themselves; another security administrator has to."))
    if user.is_system:
        raise Refused(_("The product's own accounts hold no roles."))
    if role.code in ADMINISTRATORS:
        others = user.grants.filter(role__code__in=ADMINISTRATORS).exclude(role=role)
        if (other := others.select_related("role").first()) is not None:
            raise Refused(
                _("%(who)s is already %(role)s; system, security and audit are three different people.")
                % {"who": user.name, "role": other.role}
            )
    if valid_to is not None and valid_to <= (valid_from or now):
        raise Refused(_("The role would end before it begins."))
    days = {"valid_from": valid_from or now, "valid_to": valid_to}
    grant, made = Grant.objects.get_or_create(user=user, role=role, region=region, defaults=days)
    before = {} if made else {"valid_from": grant.valid_from, "valid_to": grant.valid_to}
    if not made:
        grant.valid_from, grant.valid_to = days["valid_from"], days["valid_to"]
        grant.save()
    after = {"given": role.code, "region": region.code, **days}
    _tell(actor, "rights.manage", user, now, region=region, before=before, after=after)
    return grant


@transaction.atomic
def revoke(*, grant: Grant, actor: User, now: datetime) -> None:
    """Take a role away; it ends at once here and within 5 s in every process.

    Raises NotAllowed without rights.manage there, Refused for the last security administrator.
    """
    rights.require(actor, "rights.manage", grant.region)
    if grant.role.code == "security_admin":
        left = Grant.objects.filter(role=grant.role, user__is_active=True).exclude(pk=grant.pk)
        if not left.exists():
            raise Refused(_("This is the last security administrator: name another one first."))
    before = {"given": grant.role.code, "region": grant.region.code}
    user, region = grant.user, grant.region
    grant.delete()
    _tell(actor, "rights.manage", user, now, region=region, before=before, after={"taken": before["given"]})


@transaction.atomic
def add_department(
    *,
    code: str,
    name: str,
    region: Region,
    actor: User,
    now: datetime,
    parent: Department | None = None,
    phone: str = "",
) -> Department:
    """Found a department. Raises NotAllowed, Refused for a code that is taken."""
    rights.require(actor, "people.manage", region)
    if Department.objects.filter(code=code).exists():
        raise Refused(_("The department code %(code)s is taken.") % {"code": code})
    department = Department.objects.create(code=code, name=name, region=region, parent=parent, phone=phone)
    _tell(actor, "people.manage", department, now, region=region, after={"code": code, "name": name})
    return department


@transaction.atomic
def fill_post(
    *,
    duty: str,
    name: str,
    department: Department,
    region: Region,
    holder: User | None,
    actor: User,
    now: datetime,
    slot: str = Slot.A,
    right: str = "people.manage",
) -> Post:
    """Name who answers for `duty` in `region` as A or B; None leaves it empty. Raises NotAllowed without `right`."""
    rights.require(actor, right, region)
    post = Post.objects.filter(duty=duty, region=region, department=department, slot=slot).first()
    before = {"holder": post.holder.username if post.holder else None} if post else {}
    post = post or Post(duty=duty, region=region, department=department, slot=slot)
    post.name, post.holder = name, holder
    post.save()
    after = {"duty": duty, "slot": str(slot), "holder": holder.username if holder else None}
    _tell(actor, right, post, now, region=region, before=before, after=after)
    return post


@transaction.atomic
def unmask(*, ref: str, field: str, value: str, region: Region, actor: User, now: datetime, reason: str) -> str:
    """Personal data in clear, for a reason that is kept: returns `value`.

    Raises NotAllowed without personal.unmask there, Refused without a reason.
    """
    rights.require(actor, "personal.unmask", region)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why you need to see it."))
    trail.record(
        actor=actor, verb="personal.unmask", obj=ref, region=region, after={"field": field}, note=reason, now=now
    )
    return value


def validate(password: str, user: User | None = None) -> list[str]:
    """What speaks against a password, in words; empty when it is good."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    return []


def _tell(actor: User, verb: str, obj: Any, now: datetime, **more: Any) -> None:
    trail.record(actor=actor, verb=verb, obj=obj, now=now, **more)
