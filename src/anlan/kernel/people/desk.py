"""The system desk: Django's admin in our own look, with our verbs as its rights and our services behind its forms.

There is no superuser: what a page may show or change is asked of `rights` for each request, so that the system,
security and audit administrators each find their own work here and none finds another's (S3).
"""

from __future__ import annotations

import functools
import secrets
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.people import masks, services, tokens, verbs, views
from anlan.kernel.people.models import ApiToken, Department, Grant, Post, Role, User
from anlan.kernel.people.rights import may
from anlan.kernel.regions.models import Region


class SystemSite(admin.AdminSite):
    """`admin.site` of this product (see desk_config)."""

    site_header = site_title = index_title = gettext_lazy("System")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and may(request.user, "system.see", None)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Whoever comes here is signed in already (middleware), so a missing right is a refusal and no sign-in."""
        guarded = super().admin_view(view, cacheable)

        @functools.wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                raise PermissionDenied(_("The system desk is not part of your posts."))
            answer: HttpResponse = guarded(request, *args, **kwargs)
            return answer

        return inner

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:index")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return views.sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("people:change_password")


class DeskAdmin(admin.ModelAdmin):
    """A list that is read with `see` and changed with `act`; without an `act` it is read-only.

    Changes run through the room's services, which leave the audit entry, so Django's own log stays empty.
    """

    see: str | tuple[str, ...] = "system.see"
    act: str = ""
    may_add = may_change = may_delete = False
    list_per_page = 50
    show_full_result_count = False
    actions: Any = None

    def _sees(self, request: HttpRequest) -> bool:
        wanted = (self.see,) if isinstance(self.see, str) else self.see
        return any(may(request.user, verb, None) for verb in wanted)

    def _acts(self, request: HttpRequest) -> bool:
        return bool(self.act) and may(request.user, self.act, None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._sees(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._sees(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and self._acts(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and self._acts(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and self._acts(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's bulk delete goes around the services, so it is never offered."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found if self._acts(request) else {}

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return []

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._with_words(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._with_words(request, super().delete_view, *args, **kwargs)

    def _with_words(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """A verb that refuses says so on the page it was called from; nothing was changed."""
        try:
            answer: HttpResponse = view(request, *args, **kwargs)
        except (services.Refused, ValidationError) as refused:
            words = refused.messages if isinstance(refused, ValidationError) else [str(refused)]
            for word in words:
                messages.error(request, word)
            return HttpResponseRedirect(request.get_full_path())
        return answer


class AccountForm(forms.ModelForm):
    """A new account is opened without a password; the action "one-time password" gives one."""

    class Meta:
        model = User
        fields = ("username", "name", "phone", "department")


class UserAdmin(DeskAdmin):
    see, act = ("people.manage", "rights.manage"), "people.manage"
    may_add = may_change = True
    list_display = ("username", "name", "masked_phone", "department", "standing", "password_state")
    list_filter = ("is_active", "department")
    list_select_related = ("department",)
    search_fields = ("username", "name", "pinyin")
    actions = ("one_time_password", "close_accounts", "open_accounts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_system=False)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = AccountForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("username", "name", "phone", "department")
        return ("username", "name", "masked_phone", "department", "standing", "password_state", "roles_held")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("username", "masked_phone", "standing", "password_state", "roles_held")

    @admin.display(description=gettext_lazy("Phone"))
    def masked_phone(self, user: User) -> str:
        return masks.phone(user.phone) or "—"

    @admin.display(description=gettext_lazy("Account"), ordering="is_active")
    def standing(self, user: User) -> str:
        return _("account open") if user.is_active else _("account closed")

    @admin.display(description=gettext_lazy("Password"))
    def password_state(self, user: User) -> str:
        if not user.has_usable_password():
            return _("none yet")
        return _("to be replaced") if user.must_change_password else _("own password")

    @admin.display(description=gettext_lazy("Roles"))
    def roles_held(self, user: User) -> str:
        grants = user.grants.select_related("role", "region")
        return "; ".join(f"{grant.role} · {grant.region.name}" for grant in grants) or "—"

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        now = timezone.now()
        actor = _person(request)
        if change:
            services.describe_person(user=obj, name=obj.name, department=obj.department, actor=actor, now=now)
            return
        made = services.add_person(
            username=obj.username, name=obj.name, phone=obj.phone, department=obj.department, actor=actor, now=now
        )
        obj.pk = made.pk
        obj._state.adding = False

    @admin.action(description=gettext_lazy("Give a one-time password"))
    def one_time_password(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        for user in chosen:
            password = secrets.token_urlsafe(12)
            services.change_password(
                user=user, password=password, actor=_person(request), now=timezone.now(), must_change=True
            )
            words = _("One-time password of %(name)s, shown only here: %(password)s")
            messages.success(request, words % {"name": user.username, "password": password})

    @admin.action(description=gettext_lazy("Close accounts"))
    def close_accounts(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._set_active(request, chosen, False)

    @admin.action(description=gettext_lazy("Open accounts again"))
    def open_accounts(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._set_active(request, chosen, True)

    def _set_active(self, request: HttpRequest, chosen: QuerySet[User], active: bool) -> None:
        for user in chosen:
            try:
                services.set_active(user=user, active=active, actor=_person(request), now=timezone.now())
            except services.Refused as refused:
                messages.error(request, f"{user}: {refused}")


class DepartmentAdmin(DeskAdmin):
    see, act = ("people.manage", "rights.manage"), "people.manage"
    may_add = True
    list_display = ("code", "name", "region", "parent", "phone")
    list_select_related = ("region", "parent")
    search_fields = ("code", "name")
    autocomplete_fields = ("region", "parent")

    def save_model(self, request: HttpRequest, obj: Department, form: Any, change: bool) -> None:
        made = services.add_department(
            code=obj.code, name=obj.name, region=obj.region, parent=obj.parent, phone=obj.phone,
            actor=_person(request), now=timezone.now(),
        )  # fmt: skip
        obj.pk = made.pk
        obj._state.adding = False


class PostAdmin(DeskAdmin):
    see, act = ("people.manage", "rights.manage"), "people.manage"
    may_add = may_change = True
    list_display = ("name", "duty", "region", "slot", "holder", "department")
    list_filter = ("duty", "slot")
    list_select_related = ("region", "holder", "department")
    search_fields = ("name", "holder__name", "holder__pinyin")
    autocomplete_fields = ("region", "holder", "department")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("duty", "department", "region", "slot")

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        made = services.fill_post(
            duty=obj.duty, name=obj.name, department=obj.department, region=obj.region, holder=obj.holder,
            slot=obj.slot, actor=_person(request), now=timezone.now(),
        )  # fmt: skip
        obj.pk = made.pk
        obj._state.adding = False


class RoleAdmin(DeskAdmin):
    see = ("people.manage", "rights.manage")
    list_display = ("code", "role_name", "verbs_in_words")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code", "role_name", "verbs_in_words")

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def role_name(self, role: Role) -> str:
        return str(role)

    @admin.display(description=gettext_lazy("verbs"))
    def verbs_in_words(self, role: Role) -> str:
        return "; ".join(verbs.label_of(code) for code in role.verbs)


class GrantAdmin(DeskAdmin):
    """Given by the security administrator; taking it away is deleting the row, which the trail keeps."""

    see, act = ("people.manage", "rights.manage"), "rights.manage"
    may_add = may_delete = True
    list_display = ("user", "role", "region", "valid_from", "valid_to")
    list_filter = ("role",)
    list_select_related = ("user", "role", "region")
    search_fields = ("user__name", "user__username", "user__pinyin")
    autocomplete_fields = ("user", "region")
    fields = ("user", "role", "region", "valid_from", "valid_to")

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        made = services.give_role(
            user=obj.user, role=obj.role, region=obj.region, valid_from=obj.valid_from, valid_to=obj.valid_to,
            actor=_person(request), now=timezone.now(),
        )  # fmt: skip
        obj.pk = made.pk
        obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: Grant) -> None:
        services.revoke(grant=obj, actor=_person(request), now=timezone.now())


class ApiTokenAdmin(DeskAdmin):
    """Given by its owner on the account page; the security administrator ends it here. The row stays."""

    see, act = ("people.manage", "rights.manage"), "rights.manage"
    list_display = ("name", "mark", "owner", "region", "created_at", "expires_at", "seen_at", "revoked_at")
    list_filter = ("owner",)
    list_select_related = ("owner", "region")
    search_fields = ("name", "mark", "owner__name", "owner__username", "owner__pinyin")
    actions = ("end_tokens",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            "name", "mark", "owner", "verbs_in_words", "region", "created_at", "expires_at", "seen_at", "revoked_at",
        )  # fmt: skip

    @admin.display(description=gettext_lazy("verbs"))
    def verbs_in_words(self, token: ApiToken) -> str:
        return "; ".join(verbs.label_of(code) for code in token.verbs)

    @admin.action(description=gettext_lazy("Revoke"))
    def end_tokens(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        for token in chosen:
            tokens.revoke(token, actor=_person(request), now=timezone.now())


class RegionAdmin(DeskAdmin):
    see = "region.see"
    list_display = ("code", "name", "level", "parent", "population")
    list_filter = ("level",)
    list_select_related = ("parent",)
    search_fields = ("code", "name", "pinyin")
    fields = ("code", "name", "level", "parent", "population", "lon", "lat")


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def register() -> None:
    """Called once at start, by the people room."""
    pages: dict[type[models.Model], type[DeskAdmin]] = {
        User: UserAdmin,
        Department: DepartmentAdmin,
        Post: PostAdmin,
        Role: RoleAdmin,
        Grant: GrantAdmin,
        ApiToken: ApiTokenAdmin,
        Region: RegionAdmin,
    }
    for model, page in pages.items():
        if not admin.site.is_registered(model):
            admin.site.register(model, page)


def address_of(model: type[models.Model]) -> str:
    """Where the list of a model stands on the system desk."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
