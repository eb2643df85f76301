"""What is looked at across the values of a record: more boarders than students, a secret in an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from anlan.apps.sites.camera_address import Problem, problem_of
from anlan.apps.sites.models import Protocol
from anlan.kernel.registers.declarations import Fault, register_check


def register() -> None:
    """Called once at start."""
    register_check("school.people", school_people)
    register_check("hospital.beds", hospital_beds)
    register_check("crowded.people", crowded_people)
    register_check("station.levels", station_levels)
    register_check("camera.addresses", camera_addresses)


def _above(values: Mapping[str, Any], part: str, whole: str) -> bool:
    return values.get(part) is not None and values.get(whole) is not None and values[part] > values[whole]


def school_people(values: Mapping[str, Any], record: Any) -> Iterable[Fault]:
    """Boarders are students."""
    if _above(values, "boarders", "students"):
        yield Fault("boarders", "more", _("There are more boarders than students; correct one of the two numbers."))


def hospital_beds(values: Mapping[str, Any], record: Any) -> Iterable[Fault]:
    """Beds of a kind are beds."""
    special = sum(values.get(name) or 0 for name in ("icu_beds", "burn_beds", "isolation_beds"))
    if values.get("beds") is not None and special > values["beds"]:
        words = _("Intensive care, burns and isolation beds together are %(n)d, more than all beds.")
        yield Fault("beds", "less", words % {"n": special})


def crowded_people(values: Mapping[str, Any], record: Any) -> Iterable[Fault]:
    """Who sleeps there or cannot leave alone is among the people there at most."""
    for name in ("sleepers", "helpless"):
        if _above(values, name, "capacity"):
            words = _("More than the people there at most; correct one of the two numbers.")
            yield Fault(name, "more", words, blocks=False)


def station_levels(values: Mapping[str, Any], record: Any) -> Iterable[Fault]:
    """The guaranteed level lies above the warning level."""
    if _above(values, "warning_m", "guarantee_m"):
        words = _("The warning level lies above the guaranteed level; they may be exchanged.")
        yield Fault("warning_m", "above", words, blocks=False)


def camera_addresses(values: Mapping[str, Any], record: Any) -> Iterable[Fault]:
    """An address fits its protocol, and holds no secret that lists and exports would then show."""
    protocol = values.get("protocol") or ""
    if values.get("stream") and not protocol:
        yield Fault("protocol", "missing", _("Say which protocol the address speaks."))
    for name, spoken in (("stream", protocol), ("still", Protocol.MJPEG)):
        if values.get(name) and (problem := problem_of(values[name], spoken)) is not None:
            yield Fault(name, problem, _words(problem, spoken))


def _words(problem: Problem, protocol: str) -> str:
    if problem is Problem.SECRET:
        return _(
            "A name, password or key does not belong into the address: lists and exports show it. "
            "Enter it on the camera's page under “Access”, where it is sealed."
        )
    if problem is Problem.SCHEME:
        example = "rtsp://10.1.2.3:554/1" if protocol == Protocol.RTSP else "http://10.1.2.3:8080/live"
        return _("Such an address begins with another word: %(example)s") % {"example": example}
    return _("This is not an address; write it as http://10.1.2.3:8080/live")
