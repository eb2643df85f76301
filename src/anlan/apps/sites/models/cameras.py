"""Cameras, the lists by which they are spot-checked, and what the checks found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.scope import ScopedManager
from anlan.kernel.registers.models import Record


class Watches(models.TextChoices):
    CHEMICAL = "chemical", _("Chemical enterprise")
    MINE = "mine", _("Mine or tailings pond")
    WATER = "water", _("River, reservoir or ferry")
    SLOPE = "slope", _("Geological hazard point")
    FOREST = "forest", _("Forest")
    ROAD = "road", _("Road or bridge")
    CROWD = "crowd", _("Crowded place")
    SCHOOL = "school", _("School or hospital")
    TOWN = "town", _("Town")


class Protocol(models.TextChoices):
    HLS = "hls", "HLS"
    MJPEG = "mjpeg", "MJPEG"
    RTSP = "rtsp", "RTSP"
    WEBRTC = "webrtc", "WebRTC"


class Lookers(models.TextChoices):
    """Who may look at the live picture, beside holding the right to look at cameras there."""

    ALL = "all", _("Everyone with the right to look at cameras there")
    COUNTY = "county", _("Only those whose right covers the whole county")
    NOBODY = "nobody", _("Nobody")


class Condition(models.TextChoices):
    """What a check of a camera finds."""

    ONLINE = "online", _("Online")
    OFFLINE = "offline", _("Offline")
    COVERED = "covered", _("Covered or blurred")
    ANGLE = "angle", _("Wrong angle")


class Camera(Record):
    """A camera. What opens its stream is sealed, stands in no list, export or history, and is never shown again.

    stream     address without name, password or key
    account    user name at the camera; `password` and `query` (a key behind the address) likewise sealed
    condition  what its last check found
    """

    watches = models.CharField(_("watches"), max_length=20, choices=Watches.choices)
    subject = models.CharField(_("what it shows"), max_length=120, blank=True)
    protocol = models.CharField(_("protocol"), max_length=10, choices=Protocol.choices, blank=True)
    stream = models.CharField(
        _("address of the stream"), max_length=300, blank=True,
        help_text=_("Without name, password or key; those are entered on the camera's page and never shown again."),
    )  # fmt: skip
    still = models.CharField(_("address of a still picture"), max_length=300, blank=True)
    lookers = models.CharField(_("who may look"), max_length=10, choices=Lookers.choices, default=Lookers.ALL)
    heading = models.FloatField(_("direction of view"), null=True, blank=True)
    movable = models.BooleanField(_("can be turned"), default=False)
    night = models.BooleanField(_("sees at night"), default=False)
    owner = models.CharField(_("owner"), max_length=120, blank=True)
    keeper = models.CharField(_("person in charge"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)
    condition = models.CharField(
        _("condition"), max_length=10, choices=Condition.choices, blank=True, editable=False
    )  # fmt: skip
    checked_at = models.DateTimeField(_("last check"), null=True, blank=True, editable=False)
    account = SealedField(_("user name"), length=80, blank=True, editable=False)
    password = SealedField(_("password"), length=120, blank=True, editable=False)
    query = SealedField(_("key behind the address"), length=300, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")

    @property
    def has_credentials(self) -> bool:
        return bool(self.account or self.password or self.query)


class CheckList(models.Model):
    """The cameras of a region that are looked at on a day, drawn by lot: the same seed and pool give the same list.

    seed    what the lot was drawn with
    pool    how many cameras there were; `pool_digest` the SHA-256 over their codes in order
    wanted  how many the rulebook asked for, by the entry `rule`
    """

    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    day = models.DateField(_("day"))
    seed = models.CharField(max_length=32)
    pool = models.PositiveIntegerField()
    pool_digest = models.CharField(max_length=64)
    wanted = models.PositiveIntegerField()
    rule = models.ForeignKey("rulebook.Entry", null=True, on_delete=models.PROTECT, related_name="+")
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()
    exercise = models.BooleanField(default=False)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-day", "-id")
        constraints = [models.UniqueConstraint(fields=("region", "day"), name="sites_one_check_list_a_day")]

    def __str__(self) -> str:
        return f"{self.region} {self.day}"


class Check(models.Model):
    """One camera of a list, and what was found; `condition` is empty until somebody looked."""

    list = models.ForeignKey(CheckList, on_delete=models.CASCADE, related_name="checks")
    camera = models.ForeignKey(Camera, on_delete=models.PROTECT, related_name="checks")
    position = models.PositiveSmallIntegerField()
    condition = models.CharField(_("condition"), max_length=10, choices=Condition.choices, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("list", "position")
        constraints = [models.UniqueConstraint(fields=("list", "camera"), name="sites_a_camera_once_a_list")]
        indexes = [models.Index(fields=("camera", "at"))]
