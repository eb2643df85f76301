"""Faults, problems and choices of mappings in the reader's language."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.formats.vendor_json import Problem
from anlan.kernel.sensing.words import MESSAGE_FAULTS

_PROBLEMS = {
    "shape": gettext_lazy("the file is not of the declared form: %(said)s"),
    "bad_topic": gettext_lazy(
        "“%(said)s” cannot be used: levels between slashes, + or {name} for any one, # only as the last"
    ),
    "bad_path": gettext_lazy("“%(said)s” is no path: keys between dots, [n] for a place, [*] for every item"),
    "one_place": gettext_lazy("“%(said)s” may lead to one place only, without [*]"),
    "list_last": gettext_lazy("the path of a list ends with [*]"),
    "no_part": gettext_lazy("the topic has no level {%(said)s}"),
    "needed": gettext_lazy("fill this in"),
    "too_much": gettext_lazy("%(said)s: longer or more than is taken"),
    "bad_name": gettext_lazy("“%(said)s” is no name: 1 to 60 characters, no space at either end"),
    "twice": gettext_lazy("“%(said)s” stands twice"),
    "bad_number": gettext_lazy("“%(said)s” is no number that can be used here"),
    "bad_pattern": gettext_lazy("“%(said)s” is none of the forms of time"),
    "bad_zone": gettext_lazy("“%(said)s” is no time zone"),
    "bad_word": gettext_lazy("“%(said)s” is no quality: write good, uncertain or bad"),
    "no_sensors": gettext_lazy("name at least one sensor"),
    "not_here": gettext_lazy("“%(said)s” does not fit this form of message"),
}

_FIELDS = {
    "topic": gettext_lazy("Topic"),
    "text": gettext_lazy("Encoding"),
    "numbers": gettext_lazy("Numbers written as text"),
    "shape": gettext_lazy("Form of the message"),
    "items": gettext_lazy("Items of the message"),
    "device.from": gettext_lazy("Device"),
    "device.part": gettext_lazy("Level of the topic"),
    "device.path": gettext_lazy("Path of the device"),
    "device.within": gettext_lazy("Within the level"),
    "time.form": gettext_lazy("Time"),
    "time.path": gettext_lazy("Path of the time"),
    "time.pattern": gettext_lazy("Written as"),
    "time.zone": gettext_lazy("Time zone"),
    "sensors": gettext_lazy("Single sensors"),
    "group.path": gettext_lazy("Path of the values together"),
    "group.key": gettext_lazy("Path of the name"),
    "group.value": gettext_lazy("Path of the value"),
    "group.unit": gettext_lazy("Path of the unit"),
    "group.quality": gettext_lazy("Path of the quality"),
    "group.known": gettext_lazy("Names among them"),
    "group": gettext_lazy("Values together"),
    "quality.path": gettext_lazy("Path of the quality"),
    "quality.words": gettext_lazy("Words of the quality"),
    "quality": gettext_lazy("Quality"),
}
_COLUMNS = {
    "name": gettext_lazy("where"),
    "sensor": gettext_lazy("sensor"),
    "unit": gettext_lazy("unit"),
    "scale": gettext_lazy("times"),
    "offset": gettext_lazy("plus"),
    "words": gettext_lazy("words"),
}
_ROW = re.compile(r"(sensors|group\.known)\[(\d+)\]\.(\w+)")

SHAPES = (
    ("paths", gettext_lazy("By paths, as declared here")),
    ("geohazard", gettext_lazy("JSON of geological hazard devices")),
    ("senml", gettext_lazy("SenML")),
    ("sensorthings", gettext_lazy("Observations of SensorThings")),
)
DEVICES = (
    ("topic", gettext_lazy("A level of the topic")),
    ("path", gettext_lazy("A path in the message")),
    ("message", gettext_lazy("As the form of the message says it")),
)
TIMES = (
    ("epoch_ms", gettext_lazy("Milliseconds since 1970")),
    ("epoch_s", gettext_lazy("Seconds since 1970")),
    ("iso", gettext_lazy("ISO 8601")),
    ("text", gettext_lazy("Date and time as text")),
    ("message", gettext_lazy("As the form of the message says it")),
    ("arrival", gettext_lazy("When the message arrives")),
)
GROUPS = (
    ("", gettext_lazy("None")),
    ("pairs", gettext_lazy("A list of names with values")),
    ("object", gettext_lazy("An object of names with values")),
    ("array", gettext_lazy("A list of values by place")),
)
OTHERS = (
    ("take", gettext_lazy("take them under their own names")),
    ("skip", gettext_lazy("pass over them")),
    ("fault", gettext_lazy("count them as faults")),
)
QUALITIES = {
    "good": gettext_lazy("good"),
    "uncertain": gettext_lazy("uncertain"),
    "bad": gettext_lazy("bad"),
    "missing": gettext_lazy("no value"),
}


def fault_words(kind: str) -> str:
    """A fault in the reader's language; one without words as it is counted."""
    return str(MESSAGE_FAULTS.get(kind, kind))


def quality_words(quality: str) -> str:
    """The quality of a reading."""
    return str(QUALITIES.get(quality, quality))


def number_words(value: float | None) -> str:
    """A value as a person reads it, without the last digits that a scale leaves."""
    return "—" if value is None else f"{value:.10g}"


def problem_words(problem: Problem) -> str:
    """What is wrong with a mapping, with the field where it is."""
    sentence = str(_PROBLEMS[problem.code]) % {"said": problem.said}
    row = _ROW.fullmatch(problem.where)
    if row:
        field = _("%(part)s, row %(n)d, %(column)s") % {
            "part": _FIELDS["sensors" if row[1] == "sensors" else "group.known"],
            "n": int(row[2]) + 1,
            "column": _COLUMNS.get(row[3], row[3]),
        }
    else:
        field = str(_FIELDS.get(problem.where, problem.where))
    return f"{field}: {sentence}" if field else sentence


def path_words(path: str) -> str:
    """A path as a person reads it: message → data → item 4 → temp."""
    if not path:
        return _("the message as a whole")
    words = [_("message")]
    for key, place in re.findall(r"((?:\\.|[^.\[\]\\])+)|\[(\d+)\]", path.removeprefix("$")):
        words.append(_("item %(n)d") % {"n": int(place) + 1} if place else re.sub(r"\\(.)", r"\1", key))
    return " → ".join(words)
