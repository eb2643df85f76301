"""What lies below the registers and names their records comes along when two are merged."""

from __future__ import annotations

from typing import Any

from anlan.kernel.chains.models import Link
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.registers.declarations import register_move
from anlan.kernel.web.refs import ref_of


def documents(gone: str, stays: Any) -> int:
    """Files that hang on the record that goes hang on the other one."""
    return Evidence.objects.filter(ref=gone).update(ref=ref_of(stays))


def chains(gone: str, stays: Any) -> int:
    """Stories in which the record that goes stands name the other one."""
    moved = 0
    for side in ("cause", "effect"):
        for row in Link.objects.filter(**{side: gone}):
            pair = {"cause": row.cause, "effect": row.effect, side: ref_of(stays)}
            if Link.objects.filter(chain=row.chain, **pair).exists() or pair["cause"] == pair["effect"]:
                row.delete()
                continue
            setattr(row, side, ref_of(stays))
            row.save(update_fields=[side])
            moved += 1
    return moved


def start() -> None:
    """Called once at start."""
    register_move("documents", documents)
    register_move("chains", chains)
