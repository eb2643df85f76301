"""People, their departments and posts, and what each may do where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.role_names import name_of

if TYPE_CHECKING:
    from anlan.kernel.people.rights import Narrowing


class Department(models.Model):
    """A bureau, a section, a town's emergency office, or an enterprise's safety office."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="departments")
    phone = models.CharField(_("duty phone"), max_length=30, blank=True)

    class Meta:
        ordering = ("code",)
        verbose_name = _("department")
        verbose_name_plural = _("departments")

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username)


class User(AbstractBaseUser):
    """One account of one person. `is_system` marks the product's own hands (engine, jobs), which never sign in."""

    username = models.CharField(_("user name"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=60)
    pinyin = models.CharField(max_length=160, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    department = models.ForeignKey(Department, null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    is_active = models.BooleanField(_("active"), default=True)
    is_system = models.BooleanField(default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)  # "", "zh-hans", "en"
    session_epoch = models.PositiveIntegerField(default=0)  # raised to end every open session
    must_change_password = models.BooleanField(default=False)  # set by somebody else, good for one sign-in
    created_at = models.DateTimeField(auto_now_add=True)

    #: Set on the account behind an API token (`rights.Narrowing`): less than the person holds, never more.
    narrowing: Narrowing | None = None

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ("username",)
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        if self.is_system:
            return str(SYSTEM_NAMES.get(self.name, self.name))
        return self.name or self.username

    @property
    def is_staff(self) -> bool:
        """Django's admin asks; the system desk decides by verbs instead."""
        return False


#: What the product's own hands are called on the screen.
SYSTEM_NAMES = {
    "console": _("Console"),
    "demo": _("Demo builder"),
    "door": _("Ingest door"),
    "engine": _("Engine"),
    "exchange": _("Data exchange"),
    "jobs": _("Jobs"),
    "replay": _("Replay"),
    "simulator": _("Simulator"),
}


class Slot(models.TextChoices):
    A = "A", _("A post")
    B = "B", _("B post")


class Post(models.Model):
    """Who answers for a place or a duty: A first, B when A does not answer."""

    duty = models.CharField(_("duty"), max_length=60)  # "information_officer", "duty_officer", "leader"
    name = models.CharField(_("post"), max_length=80)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="posts")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="posts")
    holder = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="posts")
    slot = models.CharField(_("slot"), max_length=1, choices=Slot.choices, default=Slot.A)

    class Meta:
        ordering = ("region__code", "duty", "slot")
        verbose_name = _("post")
        verbose_name_plural = _("posts")

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"


class Role(models.Model):
    """A named set of verbs ("alarm.acknowledge", "case.close")."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    verbs = models.JSONField(_("verbs"), default=list)

    class Meta:
        ordering = ("code",)
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return name_of(self.code, self.name)


class Grant(models.Model):
    """A role held by a user inside a region, from a day to a day."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="grants")
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("user", "role", "region"), name="one_grant_each")]
        verbose_name = _("grant")
        verbose_name_plural = _("grants")

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.region}"


class ApiToken(models.Model):
    """A key with which a machine acts for a person, with some of the person's verbs, in one region, until a day.

    mark     first part of the key, by which it is found and named; the rest is kept only as `digest` (SHA-256)
    region   None for everywhere the owner holds the verbs
    seen_at  last use, noted once a minute
    """

    owner = models.ForeignKey(User, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=60)
    mark = models.CharField(_("mark"), max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    verbs = models.JSONField(_("verbs"), default=list)
    region = models.ForeignKey(
        "regions.Region", verbose_name=_("region"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("ends"))
    seen_at = models.DateTimeField(_("last use"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name


class TokenUse(models.Model):
    """How many requests of a token at one door all web processes took in one slot of time, for `people.rate`."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="uses")
    door = models.CharField(max_length=20)
    slot = models.BigIntegerField()
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("token", "door", "slot"), name="one_use_a_slot")]

    def __str__(self) -> str:
        return f"{self.token_id} {self.door} {self.slot}: {self.taken}"
