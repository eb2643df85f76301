"""What people type on the pages of resources; whether it may be done is for the verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.resources.models import Item, Lot
from anlan.apps.resources.quantities import BadQuantity, to_milli
from anlan.apps.resources.queries.stock import Row
from anlan.apps.resources.services.documents import Arrival, Count, Want
from anlan.apps.resources.services.refusing import Refused
from anlan.apps.resources.services.shelters import Named
from anlan.apps.resources.typed import day_of
from anlan.kernel.rulebook.codes import Code

#: Rows of a receipt that are shown at once; the page adds more.
ARRIVALS = 6
MOST_ARRIVALS = 200
#: Rows for names of people who come to a shelter.
NAMES = 5
MOST_NAMES = 100


class ItemForm(forms.Form):
    """An item of the list; class and unit of one that is there already stay."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    supply = forms.ChoiceField(label=gettext_lazy("Class of supplies (GB/T 38565)"))
    specification = forms.CharField(max_length=120, required=False, label=gettext_lazy("Specification"))
    unit = forms.CharField(
        max_length=10, required=False, label=gettext_lazy("Unit"), help_text=gettext_lazy("Empty: that of the class.")
    )
    shelf_days = forms.IntegerField(
        min_value=1, max_value=36_500, required=False, label=gettext_lazy("Shelf life (days)"),
        help_text=gettext_lazy("Then the end of a batch follows from the day it was made."),
    )  # fmt: skip
    warn_days = forms.IntegerField(min_value=0, max_value=3_650, initial=90, label=gettext_lazy("Warn before (days)"))

    def __init__(
        self, *args: Any, groups: Sequence[tuple[str, Sequence[Code]]], instance: Item | None = None, **kwargs: Any
    ) -> None:
        names = ("name", "supply", "specification", "unit", "shelf_days", "warn_days")
        if instance is not None:
            kwargs.setdefault("initial", {name: getattr(instance, name) for name in names})
        super().__init__(*args, **kwargs)
        choices = [(title, [(one.code, str(one)) for one in some]) for title, some in groups]
        self.fields["supply"].choices = choices  # type: ignore[attr-defined]
        for one in self.fields.values():
            one.widget.attrs.setdefault("class", "field")
        if instance is not None:
            for name in ("supply", "unit"):
                self.fields[name].disabled = True

    def said(self) -> dict[str, Any]:
        """Everything that was typed."""
        return dict(self.cleaned_data)

    def refuse(self, refused: Refused) -> None:
        """Show why a verb said no, at its field."""
        self.add_error(refused.field if refused.field in self.fields else None, str(refused))


@dataclass(slots=True)
class Sheet:
    """Lines read from a form, and what is wrong with which of them."""

    lines: list[Any] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def arrivals(data: Mapping[str, str], items: Mapping[str, Item]) -> Sheet:
    """Lines of a receipt: item-N, number-N, made-N, end-N, quantity-N; blank rows are passed over."""
    sheet = Sheet()
    for n in range(MOST_ARRIVALS):
        code, quantity = data.get(f"item-{n}", ""), data.get(f"quantity-{n}", "").strip()
        if not code and not quantity:
            continue
        item = items.get(code)
        if item is None:
            sheet.faults[str(n)] = _("Choose an item.")
            continue
        try:
            milli = to_milli(quantity)
            made, end = day_of(data.get(f"made-{n}", "")), day_of(data.get(f"end-{n}", ""))
        except (BadQuantity, Refused) as bad:
            sheet.faults[str(n)] = str(bad)
            continue
        if not milli:
            sheet.faults[str(n)] = _("A quantity is above zero.")
        elif made and end and end < made:
            sheet.faults[str(n)] = _("It ends before it was made.")
        else:
            sheet.lines.append(Arrival(item, milli, data.get(f"number-{n}", ""), made, end))
    return sheet


def wants(data: Mapping[str, str], rows: Sequence[Row]) -> Sheet:
    """Quantities by batch, q-LOT, of what lies in a store; blank ones are passed over."""
    sheet = Sheet()
    for row in rows:
        try:
            milli = to_milli(data.get(f"q-{row.lot.pk}", ""))
        except BadQuantity as bad:
            sheet.faults[str(row.lot.pk)] = str(bad)
            continue
        if milli:
            sheet.lines.append(Want(row.lot, milli))
    return sheet


def counts(data: Mapping[str, str], rows: Sequence[Row]) -> Sheet:
    """What was counted, c-LOT, beside what the sheet said, s-LOT (thousandths); blank ones were not counted."""
    sheet = Sheet()
    lots: dict[int, Lot] = {row.lot.pk: row.lot for row in rows}
    for pk, lot in lots.items():
        typed, seen = data.get(f"c-{pk}", "").strip(), data.get(f"s-{pk}", "")
        if not typed:
            continue
        try:
            milli = to_milli(typed)
        except BadQuantity as bad:
            sheet.faults[str(pk)] = str(bad)
            continue
        sheet.lines.append(Count(lot, milli, int(seen) if seen.isascii() and seen.isdigit() else None))
    return sheet


def line_wants(data: Mapping[str, str], lines: Sequence[int]) -> dict[int, int]:
    """Thousandths by line of a reservation, l-LINE. Raises Refused for what is no quantity."""
    found = {}
    for pk in lines:
        try:
            milli = to_milli(data.get(f"l-{pk}", ""))
        except BadQuantity as bad:
            raise Refused(str(bad)) from bad
        if milli:
            found[pk] = milli
    return found


def names(data: Mapping[str, str]) -> list[Named]:
    """People who gave a name: name-N, identity-N, phone-N, need-N; wholly blank rows are passed over."""
    found = []
    for n in range(MOST_NAMES):
        said = [data.get(f"{part}-{n}", "").strip() for part in ("name", "identity", "phone", "need")]
        if any(said):
            found.append(Named(said[0][:60], said[1][:30], said[2][:30], said[3][:10]))
    return found
