"""API tokens of one's own: what there is, a new one, revoking."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from anlan.kernel.people import rights, tokens, verbs
from anlan.kernel.people.models import ApiToken, User
from anlan.kernel.people.services import Refused
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region

_DAYS = (
    (7, gettext_lazy("a week")),
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (366, gettext_lazy("a year")),
)


class TokenForm(forms.Form):
    """What a token is for; the present password shows that the person is there."""

    name = forms.CharField(label=gettext_lazy("Which machine uses it"), max_length=60)
    verbs = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), widget=forms.CheckboxSelectMultiple, choices=()
    )
    region = forms.ChoiceField(label=gettext_lazy("Where"), required=False, choices=())
    days = forms.TypedChoiceField(label=gettext_lazy("For how long"), choices=_DAYS, coerce=int, initial=90)
    password = forms.CharField(
        label=gettext_lazy("Present password"), strip=False, max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "field"}),
    )  # fmt: skip

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        allowed = tokens.verbs_for(person)
        self.fields["verbs"].choices = [(code, verbs.label_of(code)) for code in allowed]
        self.fields["region"].choices = [("", _("wherever I may do it")), *_places(person, allowed)]
        for name in ("name", "region", "days"):
            self.fields[name].widget.attrs["class"] = "field"

    def clean_password(self) -> str:
        if not self.person.check_password(self.cleaned_data["password"]):
            raise ValidationError(_("This is not your present password."))
        return str(self.cleaned_data["password"])


def _places(person: User, allowed: list[str]) -> list[tuple[str, str]]:
    """Counties and towns in which the person holds one of the verbs."""
    paths = {path for verb in allowed for path in rights.reach(person, verb)}
    nodes = sorted(regions.tree().by_id.values(), key=lambda node: node.path)
    return [
        (node.code, node.name)
        for node in nodes
        if node.level not in (Level.VILLAGE, Level.GRID)
        and any(path == rights.EVERYWHERE or node.path.startswith(path) for path in paths)
    ]


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens_page(request: HttpRequest) -> HttpResponse:
    """The tokens of the viewer; a new one shows its key on this answer and never again."""
    if not isinstance(request.user, User):
        raise Http404
    form = TokenForm(request.user, request.POST or None)
    key, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            place = Region.objects.filter(code=data["region"]).first() if data["region"] else None
            try:
                _token, key = tokens.give(
                    owner=request.user, name=data["name"], verbs=data["verbs"], region=place, days=data["days"],
                    now=timezone.now(),
                )  # fmt: skip
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                form, status = TokenForm(request.user), 201
    now = timezone.now()
    rows = [
        (token, [verbs.label_of(code) for code in token.verbs], token.revoked_at is None and token.expires_at > now)
        for token in request.user.tokens.select_related("region")
    ]
    context = {"form": form, "key": key, "rows": rows, "may_any": bool(tokens.verbs_for(request.user))}
    return render(request, "people/tokens.html", context, status=status)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token of one's own; a foreign one looks like none."""
    if not isinstance(request.user, User):
        raise Http404
    token = get_object_or_404(ApiToken, pk=pk, owner=request.user)
    tokens.revoke(token, actor=request.user, now=timezone.now())
    messages.success(request, _("The token %(name)s opens nothing any more.") % {"name": token.name})
    return redirect("people:tokens")
