"""Why a step on a case was refused; each text is for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from anlan.kernel.cases.proofs import label_of
from anlan.kernel.people.rights import NotAllowed

__all__ = ["CaseError", "NotAllowed", "NotNow", "NoteMissing", "ProofMissing", "Stale", "WrongUnit"]


class CaseError(Exception):
    """A step on a case that cannot be taken."""


class NotNow(CaseError):
    """The case is not in a state in which this can be done."""


class ProofMissing(CaseError):
    """Evidence is missing; `roles` names what it has to show."""

    def __init__(self, roles: Sequence[str]) -> None:
        self.roles = tuple(roles)
        super().__init__(_("Add this first: %(what)s") % {"what": _(", ").join(label_of(role) for role in roles)})


class NoteMissing(CaseError):
    """The step needs a few words."""


class WrongUnit(CaseError):
    """The unit is missing, or does not work where the case is."""


class Stale(CaseError):
    """Somebody else moved the case since the page was loaded."""
