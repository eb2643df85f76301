"""The editor of a rule: fields as people fill them in, checked in their language, to and from a rulebook body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from anlan.engine import LONGEST_MS
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.conditions import (
    CROSSINGS,
    DEVIATION,
    IMPLAUSIBLE,
    LADDERS,
    LEVEL,
    RATE,
    SEVERAL,
    SILENCE,
    STUCK,
    TOGETHER,
    VOTE,
    WINDOW,
    BadCondition,
    conditions_of,
    number,
)
from anlan.kernel.sensing.conditions.stored import ZONE_S
from anlan.kernel.sensing.models import PointKind
from anlan.kernel.sensing.ruling import files, times
from anlan.kernel.sensing.ruling.services import CODE, Draft
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.words import kinds_of
from anlan.kernel.web.formatting import COLOURS, NUMERALS

TYPES = (
    (LEVEL, gettext_lazy("Value over or under a limit")),
    (RATE, gettext_lazy("Rate of change")),
    (WINDOW, gettext_lazy("Sum, mean or extreme over a span")),
    (DEVIATION, gettext_lazy("Deviation from a curve or another point")),
    (SILENCE, gettext_lazy("Silence")),
    (STUCK, gettext_lazy("Stuck value")),
    (IMPLAUSIBLE, gettext_lazy("Impossible value")),
    (CROSSINGS, gettext_lazy("Count of crossings")),
    (TOGETHER, gettext_lazy("Several points at once")),
    (VOTE, gettext_lazy("Voting that raises the colour")),
)
FUNCTIONS = (
    ("", "—"),
    ("sum", gettext_lazy("sum")),
    ("mean", gettext_lazy("mean")),
    ("max", gettext_lazy("greatest")),
    ("min", gettext_lazy("least")),
    ("count", gettext_lazy("number of readings")),
)
CHOICES = (
    ("kinds", gettext_lazy("All points of a kind")),
    ("points", gettext_lazy("Chosen points")),
    ("csv", gettext_lazy("Points with limits of their own, from a file")),
)
DAYS = (
    (0, gettext_lazy("Mon")), (1, gettext_lazy("Tue")), (2, gettext_lazy("Wed")), (3, gettext_lazy("Thu")),
    (4, gettext_lazy("Fri")), (5, gettext_lazy("Sat")), (6, gettext_lazy("Sun")),
)  # fmt: skip
#: Mildest first, as a ladder has them.
SEVERITIES = (4, 3, 2, 1)
TERMS = range(1, 5)
#: Fields of one term of a window.
TERM = ("of", "span", "pane", "lag", "weight")

#: Fields beside the limits that belong to a type, in the order of the page; steps and delays come from `LADDERS`.
FIELDS: Mapping[str, Sequence[str]] = {
    LEVEL: (),
    RATE: ("window", "per"),
    WINDOW: tuple(f"{name}_{n}" for n in TERMS for name in TERM),
    DEVIATION: ("curve", "linear", "other", "stale"),
    SILENCE: ("severity", "after", "after_periods"),
    STUCK: ("severity", "after", "after_periods", "within", "floor"),
    IMPLAUSIBLE: ("severity", "range", "low", "high", "jump", "on", "off"),
    CROSSINGS: ("severity", "limit", "deadband", "span", "count"),
    TOGETHER: ("severity", "members", "need", "on", "off"),
    VOTE: ("voters", "rungs", "on", "off"),
}


class Span(forms.CharField):
    """A length of time; cleaned to seconds, None when empty."""

    def clean(self, value: Any) -> float | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return times.seconds(text)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong


def _span(label: Any, **more: Any) -> Span:
    return Span(label=label, required=False, max_length=20, **more)


def _number(label: Any, **more: Any) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, **more)


def _lines(label: Any, *, rows: int = 4, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "class": "field", "spellcheck": "false"})
    return forms.CharField(label=label, required=False, widget=widget, **more)


class RuleForm(forms.Form):
    """One rule with one condition. `draft(region)` gives what is to be proposed, once the form is valid."""

    code = forms.CharField(label=gettext_lazy("Rule code"), max_length=50)
    title = forms.CharField(label=gettext_lazy("Title in English"), max_length=160)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=160, required=False)
    region = forms.CharField(label=gettext_lazy("Place"))
    choose = forms.ChoiceField(label=gettext_lazy("Which points"), choices=CHOICES, initial="kinds")
    kinds = forms.MultipleChoiceField(label=gettext_lazy("Kinds of point"), choices=PointKind.choices, required=False)
    site = forms.CharField(label=gettext_lazy("Only at the site"), max_length=80, required=False)
    points = _lines(gettext_lazy("Point codes, one a line"))
    table = forms.FileField(label=gettext_lazy("Limits of single points (CSV)"), required=False)
    instead_of = forms.CharField(label=gettext_lazy("Instead of the rules"), max_length=300, required=False)
    type = forms.ChoiceField(label=gettext_lazy("Condition"), choices=TYPES)

    direction = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        choices=(("high", gettext_lazy("at or above")), ("low", gettext_lazy("at or below"))),
        required=False,
    )
    limit_4, limit_3, limit_2, limit_1 = (_number(f"{NUMERALS[n]}") for n in SEVERITIES)
    deadband = _number(gettext_lazy("Dead band"), min_value=0)
    on = _span(gettext_lazy("Must last before it is raised"))
    off = _span(gettext_lazy("Must be over before it clears"))
    window = _span(gettext_lazy("Over the last"))
    per = forms.ChoiceField(
        label=gettext_lazy("Limits are per"),
        choices=((60, gettext_lazy("minute")), (3600, gettext_lazy("hour")), (86_400, gettext_lazy("day"))),
        initial=3600,
        required=False,
    )
    curve = _lines(gettext_lazy("Curve: month-day and value, one a line"))
    linear = forms.BooleanField(label=gettext_lazy("Straight between two dates"), required=False)
    other = forms.CharField(label=gettext_lazy("Or above another point: its code"), max_length=60, required=False)
    stale = _span(gettext_lazy("Its value is unknown when older than"))
    severity = forms.TypedChoiceField(label=gettext_lazy("Level"), coerce=int, empty_value=None, required=False)
    after = _span(gettext_lazy("After"))
    after_periods = forms.IntegerField(
        label=gettext_lazy("Or after so many sampling periods"), min_value=1, required=False
    )
    within = _number(gettext_lazy("Changes up to this do not count"), min_value=0)
    floor = _number(gettext_lazy("Values at or below this do not count"))
    range = forms.BooleanField(label=gettext_lazy("Range of the instrument"), required=False)
    low = _number(gettext_lazy("Lowest possible"))
    high = _number(gettext_lazy("Highest possible"))
    jump = _number(gettext_lazy("Greatest possible jump"), min_value=0)
    limit = _number(pgettext_lazy("of a value", "Limit"))
    span = _span(gettext_lazy("Within"))
    count = forms.IntegerField(label=gettext_lazy("Times"), min_value=2, max_value=64, required=False)
    members = _lines(gettext_lazy("Members, one a line: code, ≥ or ≤, limit; dead band and longest age if wanted"))
    need = forms.IntegerField(label=gettext_lazy("How many must hold"), min_value=1, required=False)
    voters = _lines(gettext_lazy("Members: point codes, one a line"))
    rungs = _lines(gettext_lazy("Count, of level, to level; one a line, mildest first"), rows=3)
    days = forms.TypedMultipleChoiceField(label=gettext_lazy("Only on"), choices=DAYS, coerce=int, required=False)
    begin = forms.TimeField(label=gettext_lazy("From"), required=False, widget=forms.TimeInput(format="%H:%M"))
    end = forms.TimeField(label=gettext_lazy("Until"), required=False, widget=forms.TimeInput(format="%H:%M"))
    inhibits = forms.CharField(label=gettext_lazy("Held down by the rules"), max_length=300, required=False)

    standard = forms.CharField(label=gettext_lazy("Standard"), max_length=120, required=False)
    clause = forms.CharField(label=gettext_lazy("Clause"), max_length=80, required=False)
    verified = forms.BooleanField(
        label=gettext_lazy("The limits were checked against the wording of the source"), required=False
    )
    note = _lines(gettext_lazy("Note"), rows=2)
    reason = forms.CharField(label=gettext_lazy("Reason of the change"), max_length=500, required=False)

    def __init__(self, *args: Any, regions: Sequence[Region] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self._places = {region.code: region for region in regions}
        words = [(n, f"{NUMERALS[n]} {COLOURS[n]}") for n in SEVERITIES]
        self.fields["severity"].choices = words  # type: ignore[attr-defined]
        for n in TERMS:
            self.fields[f"of_{n}"] = forms.ChoiceField(label=_("Take the"), choices=FUNCTIONS, required=False)
            self.fields[f"span_{n}"] = _span(_("Span"))
            self.fields[f"pane_{n}"] = _span(_("In panes of"))
            self.fields[f"lag_{n}"] = _span(_("Ending before now"))
            self.fields[f"weight_{n}"] = _number(_("Weight"))
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "field")

    # -- checks ----------------------------------------------------------------------------------------------------

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).strip()
        if not CODE.fullmatch(code):
            raise ValidationError(_("Use letters, digits, dot and dash"))
        return code

    def clean_region(self) -> Region:
        found = self._places.get(self.cleaned_data["region"])
        if found is None:
            raise ValidationError(_("Choose a place"))
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors or "type" not in data:
            return data
        body: dict[str, Any] = {}
        condition = self._condition(data)
        if not self.errors:
            self._where(data, body, condition)
        if not self.errors:
            try:
                (body["condition"],) = conditions_of({"condition": condition}, code=data["code"])
            except BadCondition as wrong:
                self.add_error(None, str(wrong))
        data["body"] = body
        return data

    def _where(self, data: Mapping[str, Any], body: dict[str, Any], condition: dict[str, Any]) -> None:
        if condition["type"] in SEVERAL:
            return
        if data["choose"] == "csv":
            self._from_table(data, body, condition)
        elif data["choose"] == "points":
            body["points"] = list(dict.fromkeys(_codes(data["points"])))
            if not body["points"]:
                self.add_error("points", _("Name at least one point"))
        else:
            if not data["kinds"]:
                self.add_error("kinds", _("Choose at least one kind"))
            body["kinds"] = data["kinds"]
            if data["site"]:
                body["site"] = data["site"]
        if len(body.get("kinds", ())) == 1:
            body["kind"] = body.pop("kinds")[0]
        if replaced := _codes(data["instead_of"]):
            body["instead_of"] = replaced

    def _from_table(self, data: Mapping[str, Any], body: dict[str, Any], condition: dict[str, Any]) -> None:
        if condition["type"] not in LADDERS:
            self.add_error("type", _("Limits of single points need a condition with limits"))
        elif data.get("table") is not None:
            direction = data["direction"] or "high"
            try:
                steps, own = files.limits(data["table"].read(), region=data["region"], direction=direction)
            except Refused as refused:
                self.add_error("table", str(refused).splitlines())
                return
            condition["steps"] = steps
            body["points"], body["limits"] = list(own), own
        elif self.initial.get("limits"):
            body["points"], body["limits"] = list(self.initial["limits"]), self.initial["limits"]
        else:
            self.add_error("table", _("Choose the file"))

    def _condition(self, data: Mapping[str, Any]) -> dict[str, Any]:
        kind = data["type"]
        condition: dict[str, Any] = {"type": kind}
        if kind in LADDERS:
            condition |= self._ladder(data)
        match kind:
            case "rate":
                condition |= {"window_s": self._needed("window"), "per_s": float(data["per"] or 3600)}
            case "window":
                condition["terms"] = self._terms(data)
            case "deviation":
                condition |= self._deviation(data)
            case "silence":
                condition |= self._after(data)
            case "stuck":
                condition |= self._after(data) | {"within": data["within"] or 0.0, "floor": data["floor"]}
            case "implausible":
                condition |= self._implausible(data)
            case "crossings":
                condition |= {
                    "severity": self._needed("severity"),
                    "limit": self._needed("limit"),
                    "deadband": data["deadband"] or 0.0,
                    "span_s": self._needed("span"),
                    "count": self._needed("count"),
                }
            case "together":
                condition |= self._together(data) | _delays(data)
            case "vote":
                condition |= self._vote(data) | _delays(data)
        self._besides(data, condition)
        return condition

    def _needed(self, name: str) -> Any:
        value = self.cleaned_data.get(name)
        if value in (None, ""):
            self.add_error(name, _("This is needed"))
        return value

    def _ladder(self, data: Mapping[str, Any]) -> dict[str, Any]:
        direction = data["direction"] or "high"
        steps = [{"severity": n, "limit": data[f"limit_{n}"]} for n in SEVERITIES if data.get(f"limit_{n}") is not None]
        if not steps and data["choose"] != "csv":
            self.add_error("limit_4", _("Give at least one limit"))
        for milder, worse in pairwise(steps):
            outward = worse["limit"] - milder["limit"] if direction == "high" else milder["limit"] - worse["limit"]
            if outward <= 0:
                words = {"worse": COLOURS[worse["severity"]], "milder": COLOURS[milder["severity"]]}
                self.add_error(
                    f"limit_{worse['severity']}",
                    _("%(worse)s must lie above %(milder)s") % words
                    if direction == "high"
                    else _("%(worse)s must lie below %(milder)s") % words,
                )
        return {"direction": direction, "steps": steps, "deadband": data["deadband"] or 0.0, **_delays(data)}

    def _terms(self, data: Mapping[str, Any]) -> list[dict[str, Any]]:
        terms = []
        for n in TERMS:
            if not data.get(f"of_{n}"):
                continue
            span = self._needed(f"span_{n}")
            weight = data.get(f"weight_{n}")
            term = {
                "of": data[f"of_{n}"],
                "span_s": span or 0.0,
                "lag_s": data.get(f"lag_{n}") or 0.0,
                "weight": 1.0 if weight is None else weight,
            }
            terms.append(term | ({"pane_s": data[f"pane_{n}"]} if data.get(f"pane_{n}") else {}))
        if not terms:
            self.add_error("of_1", _("Say what is taken over which span"))
        return terms

    def _deviation(self, data: Mapping[str, Any]) -> dict[str, Any]:
        if data["other"] and data["curve"]:
            self.add_error("other", _("Give either a curve or another point"))
        if data["other"]:
            return {"other": data["other"].strip()} | ({"stale_s": data["stale"]} if data["stale"] else {})
        curve = []
        for line in data["curve"].splitlines():
            if not line.strip():
                continue
            try:
                day, value = line.replace(",", " ").split()
                month, of_month = day.replace("/", "-").split("-")
                curve.append({"month": int(month), "day": int(of_month), "value": float(value)})
            except ValueError:
                self.add_error("curve", _("“%(line)s” is not like 06-01 55.0") % {"line": line.strip()[:40]})
        if not curve:
            self.add_error("curve", _("Give a curve or another point"))
        return {"curve": sorted(curve, key=lambda at: (at["month"], at["day"])), "linear": data["linear"]}

    def _after(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found = {"severity": self._needed("severity")}
        if data["after_periods"]:
            return found | {"after_periods": data["after_periods"]}
        return found | {"after_s": self._needed("after")}

    def _implausible(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found = {"severity": self._needed("severity"), "jump": data["jump"], **_delays(data)}
        if data["range"]:
            return found | {"range": True}
        if data["low"] is None and data["high"] is None and not data["jump"]:
            self.add_error("low", _("Say what is not possible: a lowest value, a highest value or a jump"))
        elif data["low"] is not None and data["high"] is not None and data["low"] >= data["high"]:
            self.add_error("high", _("The highest value must lie above the lowest"))
        return found | {"low": data["low"], "high": data["high"]}

    def _together(self, data: Mapping[str, Any]) -> dict[str, Any]:
        members = []
        for line in data["members"].splitlines():
            if not line.strip():
                continue
            try:
                members.append(_member(line))
            except (ValueError, KeyError):
                self.add_error("members", _("“%(line)s” is not like GT-1 ≥ 25") % {"line": line.strip()[:60]})
        if not members:
            self.add_error("members", _("Name at least one point"))
        need = data["need"] or len(members)
        if need > len(members):
            self.add_error("need", _("There are only %(n)d members") % {"n": len(members)})
        return {"severity": self._needed("severity"), "members": members, "need": need}

    def _vote(self, data: Mapping[str, Any]) -> dict[str, Any]:
        voters = list(dict.fromkeys(_codes(data["voters"])))
        if not voters:
            self.add_error("voters", _("Name at least one point"))
        rungs = []
        for line in data["rungs"].splitlines():
            if not line.strip():
                continue
            try:
                count, of, severity = (int(cell) for cell in line.replace(",", " ").replace("→", " ").split())
                rungs.append({"count": count, "of": of, "severity": severity})
            except ValueError:
                self.add_error("rungs", _("“%(line)s” is not like 4 4 3") % {"line": line.strip()[:40]})
        if not rungs:
            self.add_error("rungs", _("Give at least one rung"))
        return {"members": voters, "rungs": rungs}

    def _besides(self, data: Mapping[str, Any], condition: dict[str, Any]) -> None:
        if data["days"] or data["begin"] or data["end"]:
            condition["schedule"] = {
                "days": data["days"] or [day for day, _name in DAYS],
                "begin": f"{data['begin']:%H:%M}" if data["begin"] else "00:00",
                "end": f"{data['end']:%H:%M}" if data["end"] else "24:00",
            }
        inhibits = []
        for part in data["inhibits"].replace("，", ",").split(","):
            if not part.strip():
                continue
            code, _blank, severity = part.strip().partition(" ")
            if severity.strip() not in ("", "1", "2", "3", "4"):
                self.add_error("inhibits", _("“%(part)s” is not like GAS-01 or GAS-01 2") % {"part": part.strip()[:40]})
                continue
            inhibits.append({"rule": code, "severity": int(severity or 4)})
        if inhibits:
            condition["inhibits"] = inhibits

    # -- to and from a rule ------------------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """What the valid form asks for."""
        data = self.cleaned_data
        return Draft(
            code=data["code"],
            title=data["title"],
            title_zh=data["title_zh"],
            region=data["region"],
            body=data["body"],
            standard=data["standard"],
            clause=data["clause"],
            verified=data["verified"],
            note=data["note"],
        )


def _delays(data: Mapping[str, Any]) -> dict[str, float]:
    return {"on_s": data["on"] or 0.0, "off_s": data["off"] or 0.0}


def _member(line: str) -> dict[str, Any]:
    """A member out of "GT-1 ≥ 25 2 10min". Raises ValueError or KeyError."""
    code, sign, limit, *rest = line.replace(">=", " ≥ ").replace("<=", " ≤ ").split()
    found = {"point": code, "limit": float(limit), "direction": {"≥": "high", "≤": "low"}[sign]}
    if rest:
        found["deadband"] = float(rest[0])
    if rest[1:]:
        found["stale_s"] = times.seconds(" ".join(rest[1:]))
    return found


def _member_line(member: Mapping[str, Any]) -> str:
    line = f"{member['point']} {'≥' if member['direction'] == 'high' else '≤'} {number(member['limit'])}"
    if member["stale_s"] < LONGEST_MS / 1000:
        return f"{line} {number(member['deadband'])} {times.text(member['stale_s'])}"
    return f"{line} {number(member['deadband'])}" if member["deadband"] else line


def _codes(text: str) -> list[str]:
    return [code for code in text.replace(",", " ").replace("，", " ").split() if code]


def can_edit(body: Mapping[str, Any]) -> bool:
    """The form holds one condition, in Beijing time; another rule is changed by its file."""
    try:
        conditions = conditions_of(body, code="")
    except BadCondition:
        return False
    zones = {one.get("zone_s", ZONE_S) for one in conditions}
    zones |= {one["schedule"]["zone_s"] for one in conditions if "schedule" in one}
    return len(conditions) == 1 and zones == {ZONE_S}


def initial_of(rule: Entry | Draft, region: Region | None) -> dict[str, Any]:
    """The fields of the form for a rule."""
    body = rule.body
    (condition,) = conditions_of(body, code=rule.code)
    choose = "csv" if body.get("limits") else "points" if body.get("points") else "kinds"
    fields: dict[str, Any] = {
        "code": rule.code,
        "title": rule.title,
        "title_zh": rule.title_zh,
        "region": region.code if region else "",
        "choose": choose,
        "kinds": kinds_of(body),
        "site": body.get("site", ""),
        "points": "\n".join(body.get("points") or ()),
        "limits": body.get("limits"),
        "instead_of": ", ".join(body.get("instead_of") or ()),
        "standard": rule.standard,
        "clause": rule.clause,
        "verified": rule.verified,
        "note": rule.note,
    }
    return fields | _condition_fields(condition)


def _condition_fields(condition: Mapping[str, Any]) -> dict[str, Any]:
    kind = condition["type"]
    fields: dict[str, Any] = {name: condition.get(name) for name in (
        "type", "direction", "severity", "deadband", "after_periods", "within", "floor", "low", "high", "jump", "limit",
        "count", "need", "range", "linear", "other",
    )}  # fmt: skip
    fields = {name: number(value) if isinstance(value, float) else value for name, value in fields.items()}
    for step in condition.get("steps", ()):
        fields[f"limit_{step['severity']}"] = number(step["limit"])
    spans = {
        "on": "on_s",
        "off": "off_s",
        "window": "window_s",
        "span": "span_s",
        "after": "after_s",
        "stale": "stale_s",
    }
    for name, stored in spans.items():
        if condition.get(stored):
            fields[name] = times.text(condition[stored])
    fields["per"] = int(condition.get("per_s", 3600))
    for n, term in enumerate(condition.get("terms", ()), 1):
        fields |= {
            f"of_{n}": term["of"],
            f"span_{n}": times.text(term["span_s"]),
            f"pane_{n}": times.text(term["pane_s"]),
            f"lag_{n}": times.text(term["lag_s"]) if term["lag_s"] else "",
            f"weight_{n}": number(term["weight"]),
        }
    fields["curve"] = "\n".join(
        f"{at['month']:02}-{at['day']:02} {number(at['value'])}" for at in condition.get("curve", ())
    )
    if kind == TOGETHER:
        fields["members"] = "\n".join(map(_member_line, condition["members"]))
    if kind == VOTE:
        fields["voters"] = "\n".join(condition["members"])
        fields["rungs"] = "\n".join(f"{r['count']} {r['of']} {r['severity']}" for r in condition["rungs"])
    if schedule := condition.get("schedule"):
        end = schedule["end"]
        fields |= {"days": schedule["days"], "begin": schedule["begin"], "end": "" if end == "24:00" else end}
    fields["inhibits"] = ", ".join(
        f"{one['rule']} {one['severity']}" if one["severity"] < 4 else one["rule"]
        for one in condition.get("inhibits", ())
    )
    return fields
