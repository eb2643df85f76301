"""The forms before the door."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.services import validate
from anlan.kernel.regions.models import Level


def _secret(label: Any, use: str) -> forms.CharField:
    # Longer texts would only cost hashing time.
    widget = forms.PasswordInput(attrs={"autocomplete": use})
    return forms.CharField(label=label, strip=False, max_length=256, widget=widget)


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = _secret(_("Password"), "current-password")


class NewPassword(forms.Form):
    """A password said twice, judged by the validators."""

    password = _secret(_("New password"), "new-password")
    again = _secret(_("New password once more"), "new-password")
    user: Any = None

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        elif data.get("password") and (faults := validate(data["password"], self.user)):
            self.add_error("password", ValidationError(faults))
        return data


class ChangePasswordForm(NewPassword):
    old = _secret(_("Present password"), "current-password")
    field_order = ("old", "password", "again")

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        if not self.user.check_password(self.cleaned_data["old"]):
            raise ValidationError(_("This is not your present password."))
        return str(self.cleaned_data["old"])


class FirstStartForm(NewPassword):
    token = forms.CharField(
        label=_("Start token"),
        max_length=100,
        help_text=_("Printed by the launcher; or on the server: ./anlan manage first_start_token"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = forms.CharField(label=_("Your name"), max_length=60)
    username = forms.RegexField(
        r"^[^\s]+$", label=_("User name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    place = forms.CharField(label=_("Place that the bureau answers for"), max_length=80)
    place_code = forms.RegexField(
        r"^[0-9]{2,12}$", label=_("Its code (GB/T 2260)"), help_text=_("six digits for a county"), max_length=12
    )
    place_level = forms.ChoiceField(
        label=_("Its level"), choices=Level.choices, initial=Level.COUNTY, widget=forms.Select(attrs={"class": "field"})
    )
    field_order = ("token", "place", "place_code", "place_level", "name", "username", "password", "again")

    def __init__(self, *args: Any, with_place: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_place:
            for field in ("place", "place_code", "place_level"):
                del self.fields[field]
