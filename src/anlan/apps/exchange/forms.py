"""What people type on the exchange's pages; whether it may be done is for the verbs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.exchange.models import Address, Card, Door, Mode, Subscription, Way
from anlan.apps.exchange.queries import is_personal, places
from anlan.apps.exchange.services.subscriptions import Agreement
from anlan.kernel.people import masks
from anlan.kernel.people.models import Department, User
from anlan.kernel.regions.models import Region
from anlan.kernel.registers.declarations import declared


def _style(form: forms.BaseForm) -> None:
    """Our own look for whatever widget a field has."""
    for field in form.fields.values():
        if not isinstance(field.widget, forms.CheckboxInput):
            field.widget.attrs.setdefault("class", "field")


class CardForm(forms.Form):
    """Owner, purpose and promise of a register."""

    owner = forms.ModelChoiceField(
        Department.objects.order_by("code"), required=False, label=gettext_lazy("Owner"), empty_label="—"
    )
    note = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("What it is for"), widget=forms.Textarea(attrs={"rows": 3})
    )
    promise_days = forms.IntegerField(
        required=False, min_value=1, max_value=3_660, label=gettext_lazy("Changed or confirmed within (days)"),
        help_text=gettext_lazy("Empty: as the rulebook says."),
    )  # fmt: skip

    def __init__(self, *args: Any, instance: Card | None = None, **kwargs: Any) -> None:
        if instance is not None:
            initial = {"owner": instance.owner_id, "note": instance.note, "promise_days": instance.promise_days}
            kwargs.setdefault("initial", initial)
        super().__init__(*args, **kwargs)
        _style(self)


class SubscriptionForm(forms.Form):
    """Who gets what: everything of an agreement but its registers and fields, which stand below as boxes to tick."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Who gets the data"))
    department = forms.ModelChoiceField(
        Department.objects.order_by("code"), required=False, label=gettext_lazy("Department"), empty_label="—",
        help_text=gettext_lazy("Where it is one of ours."),
    )  # fmt: skip
    contact = forms.CharField(max_length=60, required=False, label=gettext_lazy("Contact"))
    contact_phone = forms.CharField(max_length=30, required=False, label=gettext_lazy("Phone"))
    purpose = forms.CharField(max_length=200, label=gettext_lazy("Purpose"))
    region = forms.ChoiceField(label=gettext_lazy("Region"))
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    mode = forms.ChoiceField(choices=Mode.choices, label=gettext_lazy("How it gets there"))
    address = forms.ModelChoiceField(
        Address.objects.filter(ended_at=None), required=False, label=gettext_lazy("Address"), empty_label="—",
        help_text=gettext_lazy("Only where we send. The system administrator adds others."),
    )  # fmt: skip
    personal_reason = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Why personal fields are needed"),
        help_text=gettext_lazy("Empty: they are left out. With a reason, a second person has to approve."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: User, instance: Subscription | None = None, **kwargs: Any) -> None:
        self.instance = instance
        if instance is not None:
            names = ("name", "contact", "purpose", "valid_until", "mode", "personal_reason")
            kwargs.setdefault(
                "initial",
                {name: getattr(instance, name) for name in names}
                | {
                    "region": instance.region.code,
                    "department": instance.department_id,
                    "address": instance.address_id,
                },
            )
        else:
            kwargs.setdefault("initial", {"valid_until": timezone.localdate() + timedelta(days=365)})
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = places(actor, "exchange.manage")  # type: ignore[attr-defined]
        if instance is not None:
            if instance.contact_phone:
                phone = self.fields["contact_phone"]
                phone.widget.attrs["placeholder"] = masks.phone(instance.contact_phone)
                phone.help_text = _("Shown masked; type a new value to replace it.")
            self.fields["mode"].choices = [(instance.mode, Mode(instance.mode).label)]  # type: ignore[attr-defined]
        _style(self)

    def agreement(self, ticked: dict[str, list[str]]) -> Agreement:
        """What the form and the ticked fields say together; only once it is valid."""
        said = self.cleaned_data
        kept = self.instance.contact_phone if self.instance is not None else ""
        return Agreement(
            name=said["name"], purpose=said["purpose"], region=Region.objects.get(code=said["region"]),
            mode=said["mode"], fields=ticked, valid_until=said["valid_until"], department=said["department"],
            contact=said["contact"], contact_phone=said["contact_phone"] or kept,
            address=said["address"] if said["mode"] != Mode.PULL else None, personal_reason=said["personal_reason"],
        )  # fmt: skip


def ticked(data: QueryDict) -> dict[str, list[str]]:
    """Register → ticked fields, of a form that was sent; registers and fields that do not exist are passed over."""
    found = {}
    for register in declared():
        wanted = set(data.getlist(f"fields.{register.code}"))
        if names := [name for name in register.fields if name in wanted]:
            found[register.code] = names
    return found


def boxes(chosen: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Every register with its fields as boxes, those of `chosen` ticked."""
    return [
        {
            "register": register,
            "n": len(chosen.get(register.code, ())),
            "fields": [
                {
                    "name": name,
                    "label": register.info(name).label,
                    "personal": is_personal(register, name),
                    "on": name in chosen.get(register.code, ()),
                }
                for name in register.fields
            ],
        }
        for register in declared()
    ]


class AddressForm(forms.Form):
    """An address for the list."""

    kind = forms.ChoiceField(choices=Way.choices, label=gettext_lazy("Kind"))
    place = forms.CharField(max_length=300, label=gettext_lazy("Address"))
    note = forms.CharField(max_length=120, label=gettext_lazy("Whose it is"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)
        self.fields["place"].widget.attrs["placeholder"] = _("https://host/path or anlan.exchange.name")


class SourceForm(forms.Form):
    """Another installation that sends to us."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Who sends"))
    sub = forms.CharField(
        max_length=40,
        label=gettext_lazy("Our code there"),
        help_text=gettext_lazy("As they call us: EXC-0001."),
    )
    public_key = forms.CharField(
        max_length=400, label=gettext_lazy("Their public key"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("43 characters or the PEM file, compared by telephone."),
    )  # fmt: skip
    door = forms.ChoiceField(choices=Door.choices, label=gettext_lazy("How it comes"))
    subject = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("NATS subject"), help_text=gettext_lazy("Only with NATS.")
    )
    address = forms.ModelChoiceField(
        Address.objects.filter(kind=Way.HTTP, ended_at=None), required=False, label=gettext_lazy("Their address"),
        empty_label="—", help_text=gettext_lazy("Only to fetch: ends with /api/v1/exchange/ between two of Anlan."),
    )  # fmt: skip
    access = forms.CharField(
        max_length=261, required=False, label=gettext_lazy("Our code and key there"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Only to fetch: EXC-0001:key."),
    )  # fmt: skip
    automatic = forms.BooleanField(required=False, label=gettext_lazy("Take in by itself what contradicts nothing"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _style(self)


class TakenForm(forms.Form):
    """What the list of who took what is narrowed to."""

    subscription = forms.CharField(max_length=40, required=False)
    register = forms.CharField(max_length=40, required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    personal = forms.ChoiceField(choices=[("", ""), ("1", "1"), ("0", "0")], required=False)
