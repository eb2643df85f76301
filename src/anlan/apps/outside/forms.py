"""What a person types of a source; whether it may be done is for the verbs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.outside.models import Feed, Kind
from anlan.apps.outside.queries.feeds import MANAGE
from anlan.apps.outside.services import layouts
from anlan.apps.outside.services.feeds import LEAST_S, MOST_S, Said, devices_for
from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import reach

#: Fields of the layout, which a source of stations alone has.
LAYOUT = ("station", "only", "time", "form", "zone", "missing", "delimiter", "columns", "points")


def places(actor: User) -> list[tuple[str, str]]:
    """The regions in which the actor keeps sources: code and name, as a choice."""
    known, prefixes = regions.tree(), reach(actor, MANAGE)
    root = known.root()
    return [
        (node.code, node.name)
        for node in sorted(known.by_id.values(), key=lambda node: node.path)
        if node.level in (Level.CITY, Level.COUNTY, Level.TOWN)
        and (root is None or node.path.startswith(root.path))
        and any(prefix == "/" or node.path.startswith(prefix) for prefix in prefixes)
    ]


class FeedForm(forms.Form):
    """One source."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    kind = forms.ChoiceField(choices=Kind.choices, label=gettext_lazy("What it gives"))
    url = forms.CharField(
        max_length=500, label=gettext_lazy("Address"),
        help_text=gettext_lazy("{key}, {today}, {yesterday} and {week_ago} are replaced when it is fetched."),
    )  # fmt: skip
    key = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Key"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Stands in place of {key}; kept sealed and never shown again."),
    )  # fmt: skip
    region = forms.ChoiceField(label=gettext_lazy("Region"))
    period_s = forms.IntegerField(
        min_value=LEAST_S, max_value=MOST_S, initial=300, label=gettext_lazy("Fetched every (seconds)")
    )
    attribution = forms.CharField(
        max_length=300, label=gettext_lazy("Licence and attribution"),
        help_text=gettext_lazy("Whose data it is and on which terms; shown wherever the data is."),
    )  # fmt: skip
    west = forms.FloatField(required=False, label=gettext_lazy("West (degrees)"))
    south = forms.FloatField(required=False, label=gettext_lazy("South (degrees)"))
    east = forms.FloatField(required=False, label=gettext_lazy("East (degrees)"))
    north = forms.FloatField(required=False, label=gettext_lazy("North (degrees)"))
    device = forms.ChoiceField(
        required=False, label=gettext_lazy("Device that sends"),
        help_text=gettext_lazy("Its points take the values, in their own units."),
    )  # fmt: skip
    station = forms.CharField(max_length=60, required=False, label=gettext_lazy("Column with the station"))
    only = forms.CharField(
        max_length=60, required=False, label=gettext_lazy("Or the one station"),
        help_text=gettext_lazy("Where the whole file is of one station."),
    )  # fmt: skip
    time = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Column with the time"),
        help_text=gettext_lazy("Several that belong together: year | month | day | hour"),
    )  # fmt: skip
    form = forms.CharField(
        max_length=60, required=False, initial="iso", label=gettext_lazy("Form of the time"),
        help_text=gettext_lazy("iso, epoch_s, epoch_ms, or a pattern such as %Y%m%d%H"),
    )  # fmt: skip
    zone = forms.CharField(
        max_length=60, required=False, initial="Asia/Shanghai", label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Of times that do not say theirs: Asia/Shanghai, UTC"),
    )  # fmt: skip
    missing = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Also stands for no value"),
        help_text=gettext_lazy("Beside 999999, -9999, NA and the like; divided by commas"),
    )  # fmt: skip
    delimiter = forms.ChoiceField(
        choices=[(",", ","), (";", ";"), ("tab", gettext_lazy("tab")), ("|", "|")], required=False,
        label=gettext_lazy("Cells are divided by"),
    )  # fmt: skip
    columns = forms.CharField(
        max_length=4_000, required=False, label=gettext_lazy("Columns"),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=gettext_lazy("A line each: heading | unit | scale | offset, such as TEM | ℃ | 0.1"),
    )  # fmt: skip
    points = forms.CharField(
        max_length=200_000, required=False, label=gettext_lazy("Points"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("A line each: station | heading | code of the point"),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: User, instance: Feed | None = None, **kwargs: Any) -> None:
        self.instance = instance
        if instance is not None:
            names = ("name", "kind", "url", "period_s", "attribution", "west", "south", "east", "north")
            kwargs.setdefault(
                "initial",
                {name: getattr(instance, name) for name in names}
                | {"region": instance.region.code, "device": instance.device.code if instance.device else ""}
                | layouts.typed(instance.layout),
            )
        super().__init__(*args, **kwargs)
        found = places(actor)
        self.fields["region"].choices = found  # type: ignore[attr-defined]
        top = regions.root()
        devices = devices_for(actor, top) if top is not None else []
        self.devices = {device.code: device for device in devices}
        labels = [(one.code, f"{one.code} {one.name}") for one in devices]
        self.fields["device"].choices = [("", "—"), *labels]  # type: ignore[attr-defined]
        if instance is not None and instance.key:
            self.fields["key"].help_text = _("A key is set; type another one to replace it.")
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "field")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        sides = [said.get(name) for name in ("west", "south", "east", "north")]
        if any(one is not None for one in sides) and None in sides:
            self.add_error("west", _("A box has four sides; fill in all of them or none."))
        if said.get("kind") == Kind.STATIONS and not self.errors:
            try:
                said["layout"] = layouts.kept(**{name: said[name] for name in LAYOUT})
            except layouts.Refused as refused:
                self.add_error("columns", str(refused))
        return said

    def said(self) -> Said:
        """What was typed; only once the form is valid."""
        given = self.cleaned_data
        key: str | None = given["key"].strip()
        if not key and self.instance is not None and "{key}" in given["url"]:
            key = None  # what is there stays
        sides = tuple(given[name] for name in ("west", "south", "east", "north"))
        return Said(
            name=given["name"], kind=given["kind"], url=given["url"],
            region=Region.objects.defer("boundary").get(code=given["region"]), period_s=given["period_s"],
            attribution=given["attribution"], key=key, box=None if None in sides else sides,
            device=self.devices.get(given["device"]), layout=given.get("layout", {}),
        )  # fmt: skip

    @property
    def common(self) -> list[Any]:
        """Fields that every source has."""
        return [self[name] for name in self.fields if name not in (*LAYOUT, "device", "west", "south", "east", "north")]

    @property
    def sides(self) -> list[Any]:
        return [self[name] for name in ("west", "south", "east", "north")]

    @property
    def stations(self) -> list[Any]:
        """Fields of a source of stations."""
        return [self[name] for name in ("device", *LAYOUT)]
