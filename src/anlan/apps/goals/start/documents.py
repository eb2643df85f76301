"""Documents and their ledger at start: verbs, words of the trail, the desk, names of rows, kinds of links."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.models import Clause, Document
from anlan.apps.goals.queries import kinds
from anlan.apps.goals.queries.documents import visible
from anlan.kernel.audit.words import name_acts
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web.nav import register_desk
from anlan.kernel.web.refs import register_ref


def register() -> None:
    """Called once at start."""
    declare_verb("goals.view", _("See the ledger of duties and its documents"), kind="see")
    declare_verb("goals.import", _("Take in a document, and a newer edition of one"))
    declare_verb("goals.review", _("Decide what was read in a document, and put it in force"))
    declare_verb("goals.join", _("Join clauses to what answers them, and hand in proof"))
    name_acts(
        {
            "goals.import": _("Document taken in"),
            "goals.clean": _("Document cleaned otherwise"),
            "goals.change_document": _("Document's facts changed"),
            "goals.put_in_force": _("Edition put in force"),
            "goals.discard": _("Edition dropped"),
            "goals.remove": _("Document taken out of the ledger"),
            "goals.restore": _("Document put back into the ledger"),
            "goals.accept": _("Draft accepted"),
            "goals.reject": _("Draft rejected"),
            "goals.reopen": _("Decision taken back"),
            "goals.change": _("Draft corrected and accepted"),
            "goals.split": _("Draft split"),
            "goals.merge": _("Drafts merged"),
            "goals.add": _("Written by a person and accepted"),
            "goals.join": _("Clause joined"),
            "goals.part": _("Link taken away"),
            "goals.confirm_link": _("Link still holds"),
            "goals.check_proof": _("Proof checked"),
            "goals.export": _("Ledger exported"),
        }
    )
    register_desk("ledger", _("Ledger of duties"), "list", "goals:ledger", "goals.view", 56, phone=False)
    register_ref(
        Document,
        name="goals-document",
        url=lambda row: reverse("goals:document", args=[row.code]),
        gate=lambda actor, row: visible(actor).filter(pk=row.pk).exists(),
    )
    register_ref(Clause, name="goals-clause", url=_clause_url, gate=_may_see)
    kinds.register()


def _clause_url(clause: Clause) -> str:
    return reverse("goals:clause", args=[clause.edition.document.code, clause.edition.number, clause.anchor])


def _may_see(actor: Any, clause: Clause) -> bool:
    return visible(actor).filter(editions__clauses=clause).exists()
