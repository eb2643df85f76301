from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.regions.scope import register_reach
from anlan.kernel.web import gate, nav

declare_verb("region.see", _("see regions"), kind="see")
declare_verb("system.see", _("open the system desk"), kind="see")
declare_verb("people.manage", _("manage accounts, departments and posts"))
declare_verb("rights.manage", _("give and take roles"))
declare_verb("personal.unmask", _("see personal data in clear"), kind="see")
# What everybody does with their own account; no role needs to hold them, the trail names them.
declare_verb("people.sign_in", _("sign in"))
declare_verb("people.sign_out", _("sign out"))
declare_verb("people.password", _("set a password"))
declare_verb("people.language", _("choose a language"))
declare_verb("people.token", _("give and revoke API tokens"))
declare_verb("people.break_glass", _("open an account from the console"))


class PeopleConfig(AppConfig):
    name = "anlan.kernel.people"
    label = "people"
    verbose_name = _("People")

    def ready(self) -> None:
        from anlan.kernel.people import desk, rights, roles, sessions  # models are ready only now

        register_reach(rights.reach)
        gate.register_gate(who_is=sessions.who_is, reach=rights.reach)
        checks.register(roles.every_verb_is_declared)
        post_migrate.connect(roles.load_after_migrate, sender=self, dispatch_uid="people.roles")
        desk.register()
        nav.register_system_page(
            "accounts", _("Accounts"), "people", "admin:people_user_changelist", "system.see", 20,
            _("Who may sign in, with departments and posts"),
        )  # fmt: skip
        nav.register_system_page(
            "grants", _("Roles given"), "key", "admin:people_grant_changelist", "system.see", 30,
            _("Who may do what where, since when"),
        )  # fmt: skip
        nav.register_system_page(
            "tokens", _("API tokens"), "lock", "admin:people_apitoken_changelist", "system.see", 35,
            _("Which machines act for whom, with which rights, last used when"),
        )  # fmt: skip
