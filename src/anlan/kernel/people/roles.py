"""The shipped roles against the declared verbs, and into the database after each migration."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from anlan.kernel.people import services, verbs


def every_verb_is_declared(**_kwargs: Any) -> list[CheckMessage]:
    """A verb in roles.yaml that no room declares is a misspelling; it stops the program at start."""
    declared = verbs.all()
    return [
        Error(f"roles.yaml: {code} names the verb {verb!r}, which no room declares", id="people.E001")
        for code, role in services.shipped_roles().items()
        for verb in role["verbs"]
        if verb not in declared
    ]


def load_after_migrate(**_signal: Any) -> None:
    """Roles of the product follow the product."""
    services.load_roles()
