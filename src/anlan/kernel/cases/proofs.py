"""What a piece of evidence can show about a case: the roles that steps may need, with words for a person."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

_proofs: dict[str, Any] = {}


def register_proof(role: str, label: Any) -> None:
    """Add a role of evidence. Raises ValueError unless it is a plain identifier of at most 40 characters."""
    if not role.isidentifier() or len(role) > 40:
        raise ValueError(f"{role!r} is not a name for a proof")
    _proofs[role] = label


def is_proof(role: str) -> bool:
    return role in _proofs


def label_of(role: str) -> str:
    """Words for a role; the role itself when nobody registered it."""
    return str(_proofs.get(role, role))


register_proof("photo_before", _("Photo before the work"))
register_proof("photo_after", _("Photo after the work"))
register_proof("check_record", _("Record of the check"))
register_proof("document", _("Document"))
