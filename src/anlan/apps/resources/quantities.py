"""Quantities of the ledger: whole thousandths of a unit, read from what people type and shown as they read it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

#: The ledger counts in thousandths of an item's unit.
SCALE = 1_000
#: More than this of anything is a slip of the keyboard.
MOST = 1_000_000_000 * SCALE


class BadQuantity(ValueError):
    """What was typed is no quantity; says why."""


def to_milli(typed: str | float | Decimal) -> int:
    """Thousandths of what was typed: "1,200" or "2.5". Raises BadQuantity below zero or with more than three decimals.

    Blank is zero.
    """
    text = str(typed).replace(",", "").replace("，", "").strip()
    if not text:
        return 0
    try:
        milli = Decimal(text) * SCALE
    except InvalidOperation:
        raise BadQuantity(_("“%(raw)s” is not a number.") % {"raw": text[:20]}) from None
    if not milli.is_finite() or milli < 0 or milli > MOST:
        raise BadQuantity(
            _("A quantity lies between 0 and one thousand million; this is %(raw)s.") % {"raw": text[:20]}
        )
    if milli != milli.to_integral_value():
        raise BadQuantity(_("At most three decimals; this is %(raw)s.") % {"raw": text[:20]})
    return int(milli)


def shown(milli: int | None) -> str:
    """As a person reads it: 1200000 → "1,200", 2500 → "2.5"; "—" for none."""
    if milli is None:
        return "—"
    whole, rest = divmod(abs(milli), SCALE)
    text = f"{whole:,d}" + (f".{rest:03d}".rstrip("0") if rest else "")
    return f"-{text}" if milli < 0 else text


def plain(milli: int) -> float:
    """As a number for sheets."""
    return milli / SCALE
