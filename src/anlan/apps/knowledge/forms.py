"""What people type about a document; whether it may be done is for the verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.knowledge.models import Document, Kind, State
from anlan.apps.knowledge.queries import Asked, visible
from anlan.apps.knowledge.services.library import Facts
from anlan.apps.knowledge.sheets import accident_kinds
from anlan.apps.knowledge.words import SCHEME_WORDS
from anlan.formats.texts.pieces import Cut
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region


def _style(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        if not isinstance(field.widget, forms.CheckboxInput):
            field.widget.attrs.setdefault("class", "field")


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(required=False, label=label, widget=widget, help_text=help_text)


class TakeInForm(forms.Form):
    """A file, or a text that was typed."""

    file = forms.FileField(
        required=False, label=gettext_lazy("File"),
        help_text=gettext_lazy("Text (.txt, .md), HTML or Word (.docx), 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".txt,.md,.html,.htm,.docx"}),
    )  # fmt: skip
    text = forms.CharField(
        required=False, label=gettext_lazy("Or the text itself"), max_length=600_000,
        widget=forms.Textarea(attrs={"rows": 10}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError(_("Choose a file or type the text."))
        return cleaned


class FactsForm(forms.Form):
    """What is kept of a document beside its text."""

    kind = forms.ChoiceField(choices=Kind.choices, label=gettext_lazy("Kind"))
    title = forms.CharField(max_length=200, label=gettext_lazy("Title"))
    number = forms.CharField(max_length=80, required=False, label=gettext_lazy("Document number"))
    issuer = forms.CharField(max_length=120, required=False, label=gettext_lazy("Issued by"))
    issued_on = _day(gettext_lazy("Issued on"))
    in_force_on = _day(gettext_lazy("In force from"))
    repealed_on = _day(
        gettext_lazy("No longer in force from"), gettext_lazy("A new edition sets this day on the one before.")
    )
    region = forms.ChoiceField(
        required=False, label=gettext_lazy("Holds in"),
        help_text=gettext_lazy("Whoever works there or above it reads it."),
    )  # fmt: skip
    keywords = forms.CharField(max_length=200, required=False, label=gettext_lazy("Keywords"))
    accident = forms.ChoiceField(
        required=False, label=gettext_lazy("Kind of accident"), help_text=gettext_lazy("Of an accident case.")
    )
    cas = forms.CharField(
        max_length=12, required=False, label=gettext_lazy("CAS number"),
        help_text=gettext_lazy("Of a safety data sheet: 7664-41-7."),
    )  # fmt: skip
    verified = forms.BooleanField(required=False, label=gettext_lazy("Compared with the source word by word"))

    def __init__(self, *args: Any, actor: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = accident_kinds(now)
        self.fields["accident"].choices = [("", "—"), *((one.code, str(one)) for one in (kinds or {}).values())]
        self.fields["region"].choices = _regions(actor)
        _style(self)

    def facts(self) -> Facts:
        """What the verbs take."""
        values = dict(self.cleaned_data)
        code = values.pop("region")
        return Facts(**values, region=Region.objects.get(code=code) if code else None)

    @staticmethod
    def of(document: Document) -> dict[str, Any]:
        """Initial values of a document that is there."""
        names = ("kind", "title", "number", "issuer", "issued_on", "in_force_on", "repealed_on", "keywords", "accident",
                 "cas", "verified")  # fmt: skip
        found = {name: getattr(document, name) for name in names}
        return {**found, "region": document.region.code if document.region else ""}

    @staticmethod
    def guessed(cut: Cut, before: Document | None) -> dict[str, Any]:
        """Initial values of a draft: what its text says, and what the edition before it has."""
        kinds = {"articles": Kind.LAW, "decimal": Kind.STANDARD, "sheet": Kind.SHEET}
        found: dict[str, Any] = {"kind": kinds.get(cut.scheme, Kind.OWN)}
        if before is not None:
            anew = dict.fromkeys(("issued_on", "in_force_on", "repealed_on"))
            found = FactsForm.of(before) | anew | {"verified": False}
        said = {"title": cut.title, "number": cut.number, "issued_on": cut.issued, "in_force_on": cut.in_force}
        return found | {name: value for name, value in said.items() if value}


def _regions(actor: User) -> list[tuple[str, str]]:
    """Where the actor keeps the library; everywhere for whoever keeps it for the whole installation."""
    paths = reach(actor, "knowledge.edit")
    everywhere = [("", str(_("everywhere")))] if EVERYWHERE in paths else []
    nodes = sorted(regions.tree().by_id.values(), key=lambda node: node.path)
    return everywhere + [
        (node.code, node.name) for node in nodes
        if node.level in (Level.PROVINCE, Level.CITY, Level.COUNTY, Level.TOWN)
        and any(path == EVERYWHERE or node.path.startswith(path) for path in paths)
    ]  # fmt: skip


class SchemeForm(forms.Form):
    """How a draft is cut."""

    scheme = forms.ChoiceField(required=False, choices=list(SCHEME_WORDS.items()), label=gettext_lazy("Cut by"))


class SearchForm(forms.Form):
    """A question to the library, as it stands in an address; what makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=200)
    kind = forms.ChoiceField(required=False, choices=[("", gettext_lazy("All kinds")), *Kind.choices])
    state = forms.ChoiceField(required=False, choices=[("", gettext_lazy("Any state")), *State.choices])
    year = forms.ChoiceField(required=False)
    accident = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, viewer: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = visible(viewer).exclude(issued_on=None).order_by().dates("issued_on", "year", order="DESC")
        self.fields["year"].choices = [("", _("Any year")), *((str(day.year), str(day.year)) for day in days)]
        kinds = accident_kinds(now)
        self.fields["accident"].choices = [
            ("", _("Any kind of accident")), *((one.code, str(one)) for one in (kinds or {}).values())
        ]  # fmt: skip
        _style(self)

    def asked(self) -> Asked:
        """The question."""
        self.is_valid()
        said = self.cleaned_data
        return Asked(
            typed=said.get("q", ""), kind=said.get("kind", ""), state=said.get("state", ""), year=said.get("year", ""),
            accident=said.get("accident", ""),
        )  # fmt: skip
