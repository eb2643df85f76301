"""The shapes that formulas have: shares and rates, counts, falls and growths, means over years."""

from __future__ import annotations

import numpy as np

from anlan.kernel.indicators.asking import Asking, Measured, Part, concluded, key_of
from anlan.kernel.indicators.declarations import Measure


def plain(code: str) -> Measure:
    """The input itself."""

    def measure(asked: Asking) -> Measured:
        part = asked.part(code)
        return concluded(asked, part.values, {code: part})

    return measure


def ratio(above: str, below: str, times: float = 1.0) -> Measure:
    """`above` / `below` × `times`; where `below` is zero there is nothing to measure."""

    def measure(asked: Asking) -> Measured:
        upper, lower = asked.part(above), asked.part(below)
        zero = lower.values == 0
        values = times * upper.values / np.where(zero, np.nan, lower.values)
        return concluded(asked, values, {above: upper, below: lower}, over=below, zero=zero)

    return measure


def share(above: str, below: str) -> Measure:
    """`above` of `below` in per cent."""
    return ratio(above, below, 100.0)


def growth(code: str, sign: float = 1.0) -> Measure:
    """By how many per cent an input grew over the year before; with `sign` −1, by how many it fell."""

    def measure(asked: Asking) -> Measured:
        current, before = asked.part(code), asked.part(code, 1)
        zero = before.values == 0
        values = sign * 100 * (current.values - before.values) / np.where(zero, np.nan, before.values)
        parts = {code: current, key_of(code, 1): before}
        return concluded(asked, values, parts, over=key_of(code, 1), zero=zero)

    return measure


def fall(code: str) -> Measure:
    """By how many per cent an input fell over the year before."""
    return growth(code, -1.0)


def both_fall(*codes: str) -> Measure:
    """1 where every input is below the year before, else 0."""

    def measure(asked: Asking) -> Measured:
        parts: dict[str, Part] = {}
        fell: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None = None
        for code in codes:
            current, before = asked.part(code), asked.part(code, 1)
            parts |= {code: current, key_of(code, 1): before}
            lower = current.values < before.values
            fell = lower if fell is None else fell & lower
        assert fell is not None
        return concluded(asked, fell.astype(np.float64), parts)

    return measure


def mean_ratio(above: str, below: str, times: float, years: int) -> Measure:
    """The mean over the year and those before it, `years` in all, of `above` / `below` × `times`."""

    def measure(asked: Asking) -> Measured:
        parts: dict[str, Part] = {}
        total: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None = None
        zero: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None = None
        for back in range(years):
            upper, lower = asked.part(above, back), asked.part(below, back)
            parts |= {key_of(above, back): upper, key_of(below, back): lower}
            none = lower.values == 0
            one = times * upper.values / np.where(none, np.nan, lower.values)
            total = one if total is None else total + one
            zero = none if zero is None else zero | none
        assert total is not None
        return concluded(asked, total / years, parts, over=below, zero=zero)

    return measure


def lowest_share(*pairs: tuple[str, str]) -> Measure:
    """The lowest of several shares in per cent: each has to be high, so the weakest decides."""

    def measure(asked: Asking) -> Measured:
        parts: dict[str, Part] = {}
        lowest: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None = None
        zero: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None = None
        for above, below in pairs:
            upper, lower = asked.part(above), asked.part(below)
            parts |= {above: upper, below: lower}
            none = lower.values == 0
            one = 100 * upper.values / np.where(none, np.nan, lower.values)
            lowest = one if lowest is None else np.fmin(lowest, one)
            zero = none if zero is None else zero & none
        assert lowest is not None
        return concluded(asked, lowest, parts, over=pairs[0][1], zero=zero)

    return measure
