"""Questions about chains."""

from __future__ import annotations

from django.db.models import Q

from anlan.kernel.chains.models import Chain, Link


def final(chain: Chain) -> Chain:
    """The chain that this one was merged into, and that one into the next; itself when it was not merged."""
    seen = {chain.pk}
    while (after := chain.merged_into) is not None and after.pk not in seen:
        seen.add(after.pk)
        chain = after
    return chain


def chain_of(ref: str) -> Chain | None:
    """The chain that a row belongs to: an open one before a closed one, the newest of them; None when in none."""
    joined = Link.objects.filter(Q(effect=ref) | Q(cause=ref)).values("chain_id")
    rows = Chain.records.filter(pk__in=joined)
    found: list[Chain] = sorted(rows, key=lambda chain: (chain.closed_at is None, chain.pk))
    return final(found[-1]) if found else None


def refs_of(chain: Chain) -> list[str]:
    """Every row of the chain and the chain itself, in the order in which they joined."""
    found = dict.fromkeys([f"chain:{chain.pk}"])
    for cause, effect in Link.objects.filter(chain=chain).order_by("at", "id").values_list("cause", "effect"):
        found.update(dict.fromkeys(ref for ref in (cause, effect) if ref))
    return list(found)
