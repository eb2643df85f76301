"""What is wrong with a roster or a swap, in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from anlan.kernel.duties.rules import Scheme
from anlan.kernel.people.models import User
from anlan.science.roster.checking import Breach, Fault


def breach_word(breach: str, name: str = "") -> str:
    """One kind of fault as a sentence about somebody."""
    words = {
        Breach.SHORT: _("a place is not filled"),
        Breach.CROWDED: _("a place has too many people"),
        Breach.STRANGE: _("%(name)s is not of this roster"),
        Breach.UNQUALIFIED: _("%(name)s does not stand this kind of duty"),
        Breach.AWAY: _("%(name)s is away"),
        Breach.OVERLAP: _("%(name)s would stand two duties at once"),
        Breach.REST: _("%(name)s would not rest long enough between two duties"),
        Breach.MOST: _("%(name)s would stand more duties than the limit"),
        Breach.PAIR: _("%(name)s and the one who stands in for them would be on duty on the same day"),
    }
    return words[Breach(breach)] % {"name": name}


def faults_in_words(faults: Iterable[Fault], scheme: Scheme) -> str:
    """Faults in one line, each with its day and place."""
    some = list(faults)
    ids = {int(fault.person) for fault in some if fault.person.isdigit()}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))
    said = []
    for fault in some:
        name = names.get(int(fault.person), "") if fault.person.isdigit() else ""
        place = " ".join(
            word
            for word in (
                fault.date.isoformat() if fault.date else "",
                scheme.shift_name(fault.shift) if fault.shift else "",
                scheme.role_name(fault.role) if fault.role else "",
            )
            if word
        )
        sentence = breach_word(fault.breach, name)
        said.append(f"{place} {sentence}".strip())
    return _("; ").join(dict.fromkeys(said))
