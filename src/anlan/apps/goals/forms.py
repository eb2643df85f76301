"""What people type about a document; whether it may be done is for the verbs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from anlan.apps.goals.models import Document, Kind
from anlan.apps.goals.services.documents import Facts
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region


class FactsForm(forms.Form):
    """What is kept of a document beside its text."""

    kind = forms.ChoiceField(choices=Kind.choices, label=gettext_lazy("Kind"))
    title = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Title"),
        help_text=gettext_lazy("Left blank: as the text says."),
    )  # fmt: skip
    number = forms.CharField(max_length=80, required=False, label=gettext_lazy("Document number"))
    issuer = forms.CharField(max_length=120, required=False, label=gettext_lazy("Issued by"))
    region = forms.ChoiceField(label=gettext_lazy("Whose duty it is"))
    first_year = forms.IntegerField(
        required=False, min_value=1990, max_value=2100, label=gettext_lazy("First year"),
        help_text=gettext_lazy("Left blank: as the title says."),
    )  # fmt: skip
    last_year = forms.IntegerField(
        required=False, min_value=1990, max_value=2100, label=gettext_lazy("Last year"),
        help_text=gettext_lazy("Left blank: one year only, or as the title says."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = _regions(actor)
        if actor.department is not None:
            self.fields["region"].initial = actor.department.region.code
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "field")

    def facts(self) -> Facts:
        """What the verbs take."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "file"}
        region = Region.objects.get(code=values.pop("region"))
        years = {name: values.pop(name) or 0 for name in ("first_year", "last_year")}
        return Facts(**values, region=region, **years)

    @staticmethod
    def of(document: Document) -> dict[str, Any]:
        """Initial values of a document that is there."""
        names = ("kind", "title", "number", "issuer", "first_year", "last_year")
        return {name: getattr(document, name) for name in names} | {"region": document.region.code}


class TakeInForm(FactsForm):
    """A file with what is said of it."""

    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("Text (.txt), HTML, Word (.docx) or PDF with text, 20 MB."),
        widget=forms.FileInput(attrs={"accept": ".txt,.md,.html,.htm,.docx,.pdf"}),
    )  # fmt: skip
    field_order = ("file",)


class EditionForm(forms.Form):
    """A newer edition of a document that is there."""

    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("Text (.txt), HTML, Word (.docx) or PDF with text, 20 MB."),
        widget=forms.FileInput(attrs={"accept": ".txt,.md,.html,.htm,.docx,.pdf", "class": "field"}),
    )  # fmt: skip


def _regions(actor: User) -> list[tuple[str, str]]:
    """Where the actor takes documents in."""
    paths = reach(actor, "goals.import")
    nodes = sorted(regions.tree().by_id.values(), key=lambda node: node.path)
    return [
        (node.code, node.name) for node in nodes
        if node.level in (Level.CITY, Level.COUNTY, Level.TOWN)
        and any(path == EVERYWHERE or node.path.startswith(path) for path in paths)
    ]  # fmt: skip
