"""The trail on the system desk, for the audit administrator alone; nothing here can be changed."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit import queries, words
from anlan.kernel.audit.models import Anchor, Entry
from anlan.kernel.people.desk import DeskAdmin


class EntryAdmin(DeskAdmin):
    see = "audit.see"
    list_display = ("at", "who", "deed", "ref", "source", "outcome", "seq")
    list_filter = ("outcome",)
    search_fields = ("actor_name", "verb", "ref", "note")
    ordering = ("-id",)
    fields = (
        "at",
        "who",
        "deed",
        "ref",
        "source",
        "outcome",
        "changed_from",
        "changed_to",
        "note",
        "seq",
        "hash",
    )
    readonly_fields = ("who", "deed", "changed_from", "changed_to")

    @admin.display(description=_("who"), ordering="actor_name")
    def who(self, entry: Entry) -> str:
        return queries.who(entry)

    @admin.display(description=_("act"), ordering="verb")
    def deed(self, entry: Entry) -> str:
        return words.word(entry.verb)

    @admin.display(description=_("before"))
    def changed_from(self, entry: Entry) -> str:
        return format_html("<code>{}</code>", json.dumps(entry.before, ensure_ascii=False))

    @admin.display(description=_("after"))
    def changed_to(self, entry: Entry) -> str:
        return format_html("<code>{}</code>", json.dumps(entry.after, ensure_ascii=False))


class AnchorAdmin(DeskAdmin):
    see = "audit.see"
    list_display = ("at", "seq", "hash")


def register() -> None:
    """Called once at start, by the audit room."""
    for model, page in ((Entry, EntryAdmin), (Anchor, AnchorAdmin)):
        if not admin.site.is_registered(model):
            admin.site.register(model, page)
