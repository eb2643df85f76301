"""What people type on the pages of warnings; whether it may be done is for the verbs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.warning import rules
from anlan.apps.warning.models import Draft, DraftKind, Message, Signature
from anlan.apps.warning.words import CERTAINTY, URGENCY
from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.scope import reach
from anlan.kernel.web.formatting import COLOURS, NUMERALS

#: How long a new draft lasts unless its author says otherwise.
USUAL = timedelta(hours=12)
#: Signs of a GeoJSON outline.
MOST_OUTLINE = 200_000


def _style(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        if not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect):
            field.widget.attrs.setdefault("class", "field")


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class DraftForm(forms.Form):
    """A warning of our own; times are of the bureau's zone."""

    exercise = forms.BooleanField(
        required=False, label=gettext_lazy("This is an exercise"),
        help_text=gettext_lazy("It then says so everywhere and never stands among real warnings."),
    )  # fmt: skip
    event = forms.ChoiceField(label=gettext_lazy("Event"))
    level = forms.TypedChoiceField(coerce=int, label=gettext_lazy("Level"), widget=forms.RadioSelect)
    urgency = forms.ChoiceField(label=gettext_lazy("Urgency"), choices=list(URGENCY.items()))
    certainty = forms.ChoiceField(label=gettext_lazy("Certainty"), choices=list(CERTAINTY.items()))
    places = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Regions"), widget=forms.CheckboxSelectMultiple
    )  # fmt: skip
    polygon = forms.CharField(
        required=False, max_length=MOST_OUTLINE, label=gettext_lazy("Drawn area (GeoJSON)"),
        widget=forms.Textarea(attrs={"rows": 3, "data-outline": "", "spellcheck": "false"}),
        help_text=gettext_lazy("Click corners on the map, or paste a GeoJSON outline (longitude first)."),
    )  # fmt: skip
    onset = forms.DateTimeField(required=False, label=gettext_lazy("Begins at"), widget=_moment())
    expires = forms.DateTimeField(label=gettext_lazy("Ends at"), widget=_moment())
    headline = forms.CharField(max_length=160, label=gettext_lazy("Headline"))
    description = forms.CharField(
        max_length=4000, label=gettext_lazy("What happens"), widget=forms.Textarea(attrs={"rows": 4})
    )  # fmt: skip
    instruction = forms.CharField(
        required=False, max_length=4000, label=gettext_lazy("What people should do"), widget=forms.Textarea(attrs={"rows": 4})  # noqa: E501
    )  # fmt: skip
    headline_en = forms.CharField(required=False, max_length=160, label=gettext_lazy("Headline in English"))
    description_en = forms.CharField(
        required=False, max_length=4000, label=gettext_lazy("What happens, in English"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    instruction_en = forms.CharField(
        required=False, max_length=4000, label=gettext_lazy("What to do, in English"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: User, now: datetime, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        if not is_new:
            del self.fields["exercise"]
        self.fields["event"].choices = [(code, str(one)) for code, one in rules.events(now).items()]  # type: ignore[attr-defined]
        self.fields["level"].choices = [(level, f"{NUMERALS[level]} {COLOURS[level]}") for level in COLOURS]  # type: ignore[attr-defined]
        self.fields["places"].choices = places(actor)  # type: ignore[attr-defined]
        _style(self)

    def clean_polygon(self) -> Any:
        """The outline as values; None for none."""
        text = self.cleaned_data["polygon"].strip()
        if not text:
            return None
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is no JSON.")) from error
        if isinstance(said, dict) and said.get("type") == "Feature":
            said = said.get("geometry")
        if not isinstance(said, dict) or said.get("type") not in ("Polygon", "MultiPolygon"):
            raise forms.ValidationError(_("The area is no outline of GeoJSON: Polygon or MultiPolygon."))
        return {"type": said["type"], "coordinates": said.get("coordinates")}

    def said(self) -> dict[str, Any]:
        """Everything that a draft says; only once the form is valid."""
        found = {name: value for name, value in self.cleaned_data.items() if name != "exercise"}
        return found | {"severity": rules.levels(self.now)[found["level"]]["severity"]}


def places(actor: User) -> list[tuple[str, str]]:
    """Our regions down to towns in which somebody may write warnings, with the narrowest inside the widest."""
    root = regions.tree().root()
    if root is None:
        return []
    paths = tuple(reach(actor, "warning.draft"))
    nodes = sorted(regions.tree().by_path.values(), key=lambda node: (len(node.path), node.code))
    return [
        (node.code, node.name)
        for node in nodes
        if node.level not in (Level.VILLAGE, Level.GRID) and node.path.startswith(root.path)
        and any(path == "/" or node.path.startswith(path) for path in paths)
    ]  # fmt: skip


def beginning(now: datetime) -> dict[str, Any]:
    """What a new draft begins with: yellow, as the rulebook maps it, for the usual time."""
    level = 3
    said = rules.levels(now)[level]
    ends = timezone.localtime(now + USUAL).replace(minute=0, second=0, microsecond=0)
    return {"level": level, "urgency": said["urgency"], "certainty": said["certainty"], "expires": ends}


def of_draft(draft: Draft) -> dict[str, Any]:
    """A draft as its form shows it."""
    names = (
        "event", "level", "urgency", "certainty", "places", "onset", "expires", "headline", "description",
        "instruction", "headline_en", "description_en", "instruction_en",
    )  # fmt: skip
    found: dict[str, Any] = {name: getattr(draft, name) for name in names}
    found["polygon"] = json.dumps(draft.polygon, ensure_ascii=False) if draft.polygon is not None else ""
    return found


def following(message: Message, kind: str, now: datetime) -> dict[str, Any]:
    """An update or a cancellation, worded beforehand from what was issued (W8)."""
    draft: Draft = message.draft
    found = of_draft(draft)
    if found["expires"] <= now:
        found["expires"] = now + USUAL
    if kind == DraftKind.CANCEL:
        event = rules.events(now).get(draft.event)
        zh, en = (event.name_zh, event.name) if event is not None else (draft.event, draft.event)
        colour = str(rules.colours(now)[draft.level].name_zh).partition("（")[0]
        found |= {
            "urgency": "Past", "onset": None,
            "headline": f"解除{zh}{colour}预警",
            "description": f"{timezone.localtime(message.sent):%m月%d日%H时%M分}发布的“{draft.headline}”现予解除。",
            "instruction": "",
        }  # fmt: skip
        if draft.headline_en:
            found |= {
                "headline_en": f"{en} warning cancelled",
                "description_en": f"The warning “{draft.headline_en}” is cancelled.",
                "instruction_en": "",
            }
    return found


class SourceForm(forms.Form):
    """Where warnings of others come from."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Whose source"))
    url = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("Address of the feed or file"),
        help_text=gettext_lazy("Atom, RSS or a single CAP file. Empty: they push to us."),
    )  # fmt: skip
    period_s = forms.IntegerField(initial=120, label=gettext_lazy("Asked every (seconds)"))
    signature = forms.ChoiceField(choices=Signature.choices, label=gettext_lazy("Signature"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)


def of_source(source: Any) -> Mapping[str, Any]:
    """A source as its form shows it."""
    return {"name": source.name, "url": source.url, "period_s": source.period_s, "signature": source.signature}
