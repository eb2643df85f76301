"""Major hazard installations of dangerous chemicals: identification S and grade R, with every term kept.

S = Σ q/Q; the unit is a major hazard when S >= 1. R = α · Σ β·q/Q, and R gives the level 1 (gravest) to 4.
Source: GB 18218-2018, 4.2 (identification), 4.3 (grading), tables 1 to 6. The tables are rulebook data (kind
"major_hazard"); nothing of them stands here.

What is not known is never counted as zero: a stock without Q or β makes the result unknown, and the result says what is
missing and between which levels the unit must lie.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

Number = int | float | Decimal


class Form(StrEnum):
    """How a stock counts. GB 18218-2018, 4.2.3 on mixtures."""

    #: The substance itself.
    PURE = "pure"
    #: A mixture of the same hazard class as the pure substance: its whole mass counts as the substance.
    LIKE_PURE = "like_pure"
    #: A mixture of another hazard class: its own classes decide, whatever is in it.
    OWN_CLASS = "own_class"


@dataclass(frozen=True, slots=True)
class Stock:
    """One chemical in a unit.

    substance   name, other name, English name or CAS number of table 1; for others any name
    tonnes      design maximum of vessels, tanks or store, >= 0: never what happens to be there today
    classes     symbols of table 2 (J1 … W11) that hold for it; they win over those that the rulebook assumes
    form        pure, or which rule for mixtures holds

    Raises ValueError for a quantity that is negative, not finite or not a number.
    """

    substance: str
    tonnes: Number
    classes: tuple[str, ...] = ()
    form: Form = Form.PURE

    def __post_init__(self) -> None:
        if isinstance(self.tonnes, bool) or not isinstance(self.tonnes, int | float | Decimal):
            raise ValueError(f"{self.substance}: tonnes are a number, not {self.tonnes!r}")
        if not math.isfinite(self.tonnes) or self.tonnes < 0:
            raise ValueError(f"{self.substance}: the quantity is 0 t or more, not {self.tonnes}")


@dataclass(frozen=True, slots=True)
class Substance:
    """A row of table 1."""

    row: int
    name_zh: str
    name: str
    q_t: Fraction
    cas: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    verified: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class HazardClass:
    """A row of table 2 (Q) together with its row of table 4 (β)."""

    symbol: str
    name_zh: str
    name: str
    q_t: Fraction
    beta: Fraction
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """From `at_least` on, `value` holds: people and α of table 5, R and level of table 6."""

    at_least: Fraction
    value: Fraction
    verified: bool = True


class Lack(StrEnum):
    """Why something cannot be computed."""

    #: Neither in table 1 nor with hazard classes.
    SUBSTANCE = "substance"
    #: The name stands for several rows of table 1 with different Q.
    ROW = "row"
    #: A hazard class that is not in table 2.
    HAZARD_CLASS = "class"
    #: A mixture that counts by its own classes, and none is given.
    CLASSES = "classes"
    #: No β: not in table 3, and no hazard class known.
    BETA = "beta"
    #: How many people live within 500 m.
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that has to be found out. `about`: the stock's name; `which`: the rows or classes in question."""

    lack: Lack
    about: str = ""
    which: tuple[str, ...] = ()

    def __str__(self) -> str:
        which = ", ".join(self.which)
        return {
            Lack.SUBSTANCE: f"{self.about}: Q is missing; it is not in table 1 and no hazard class is given",
            Lack.ROW: f"{self.about}: the row of table 1 is missing; it may be {which}",
            Lack.HAZARD_CLASS: f"{self.about}: hazard class {which} is not in table 2",
            Lack.CLASSES: f"{self.about}: the hazard classes of the mixture are missing",
            Lack.BETA: f"{self.about}: β is missing; it is not in table 3 and no hazard class is given",
            Lack.PEOPLE: "the number of people within 500 m is missing",
        }[self.lack]


@dataclass(frozen=True, slots=True)
class Taken:
    """A value with its place in the standard.

    table, row   of GB 18218-2018: 1 and the number, 2 or 4 and the symbol, 3 and the number of table 1, 5 or 6
    verified     the value, and the hazard class that led to it, were checked
    ours         more than one class was possible for β, and the highest was taken: our safe choice, not the standard's
    considered   every (symbol, value) among which it was chosen
    """

    value: float
    table: int
    row: str
    verified: bool
    ours: bool = False
    considered: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One stock with its share of S and R; None where something is missing.

    named  its row of table 1, if it has one
    """

    stock: Stock
    named: Substance | None
    threshold: Taken | None
    beta: Taken | None
    missing: tuple[Missing, ...]
    _share: Fraction | None = field(repr=False, default=None)
    _weighted: Fraction | None = field(repr=False, default=None)

    @property
    def share(self) -> float | None:
        """q/Q."""
        return None if self._share is None else float(self._share)

    @property
    def weighted(self) -> float | None:
        """β·q/Q."""
        return None if self._weighted is None else float(self._weighted)


@dataclass(frozen=True, slots=True)
class Identification:
    """S with its terms.

    s         None when a term is missing
    s_known   the sum of the terms that are known: S is at least this
    is_major  None when the known part is below 1 and something is missing
    """

    terms: tuple[Term, ...]
    s: float | None
    s_known: float
    is_major: bool | None

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What S lacks; a missing β is not among it."""
        return tuple(one for term in self.terms for one in term.missing if one.lack is not Lack.BETA)

    @property
    def verified(self) -> bool:
        """Every Q in it was checked."""
        return all(term.threshold is None or term.threshold.verified for term in self.terms)


class Outcome(StrEnum):
    """What is known of the grade."""

    NOT_MAJOR = "not_major"
    GRADED = "graded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Grading:
    """R with everything that went into it.

    alpha           None when the number of people is missing
    r               None when anything is missing
    r_least, r_most bounds of R by the least and greatest α and β of the tables; r_most is inf when a Q is missing
    level           1 … 4, None unless graded
    levels          those that are possible, gravest first: one when graded, none when not a major hazard. While S is
                    unknown it may turn out to be no major hazard at all
    """

    identification: Identification
    people: int | None
    alpha: Taken | None
    outcome: Outcome
    r: float | None
    r_least: float
    r_most: float
    level: int | None
    levels: tuple[int, ...]
    missing: tuple[Missing, ...]

    @property
    def verified(self) -> bool:
        """Every Q, β and α in it was checked."""
        taken = [term.beta for term in self.identification.terms] + [self.alpha]
        return self.identification.verified and all(one is None or one.verified for one in taken)


@dataclass(frozen=True, slots=True)
class Rules:
    """The tables of the standard, made of rulebook bodies of kind "major_hazard" by `Rules.of`."""

    substances: Mapping[int, Substance]
    classes: Mapping[str, HazardClass]
    #: Row of table 1 → (β, verified).
    gases: Mapping[int, tuple[Fraction, bool]]
    #: Row of table 1 → (hazard classes, verified).
    assumed: Mapping[int, tuple[tuple[str, ...], bool]]
    alpha: tuple[Step, ...]
    levels: tuple[Step, ...]
    _index: Mapping[str, tuple[int, ...]] = field(repr=False)

    @classmethod
    def of(cls, bodies: Iterable[Mapping[str, Any]]) -> Rules:
        """The tables from the bodies of the entries in force, each of which holds one table under its name.

        substances  [{row, name_zh, name, q_t, cas, aliases, verified, note}]    table 1
        classes     [{symbol, name_zh, name, q_t, beta, verified}]               tables 2 and 4
        gases       [{row, beta, verified}], the row of table 1                  table 3
        assumed     [{rows, classes, verified}]: hazard classes of rows of table 1 that table 3 does not name
        alpha       [{at_least, alpha}], people                                  table 5
        levels      [{at_least, level}], R                                       table 6

        Raises KeyError for a table that is not among them.
        """
        tables: dict[str, Any] = {}
        for body in bodies:
            tables |= body
        substances = {
            row["row"]: Substance(
                row=row["row"],
                name_zh=row["name_zh"],
                name=row["name"],
                q_t=exact(row["q_t"]),
                cas=tuple(row.get("cas") or ()),
                aliases=tuple(row.get("aliases") or ()),
                verified=row.get("verified", True),
                note=row.get("note", ""),
            )
            for row in tables["substances"]
        }
        index: dict[str, list[int]] = {}
        for one in substances.values():
            for name in {plain(name) for name in (one.name_zh, one.name, *one.cas, *one.aliases)}:
                index.setdefault(name, []).append(one.row)
        return cls(
            substances=substances,
            classes={
                row["symbol"]: HazardClass(
                    symbol=row["symbol"],
                    name_zh=row["name_zh"],
                    name=row["name"],
                    q_t=exact(row["q_t"]),
                    beta=exact(row["beta"]),
                    verified=row.get("verified", True),
                )
                for row in tables["classes"]
            },
            gases={row["row"]: (exact(row["beta"]), row.get("verified", True)) for row in tables["gases"]},
            assumed={
                number: (tuple(group["classes"]), group.get("verified", False))
                for group in tables["assumed"]
                for number in group["rows"]
            },
            alpha=_steps(tables["alpha"], "alpha"),
            levels=_steps(tables["levels"], "level"),
            _index={name: tuple(numbers) for name, numbers in index.items()},
        )

    def find(self, substance: str) -> tuple[Substance, ...]:
        """The rows of table 1 that a name, other name, English name or CAS number stands for; several for a family."""
        return tuple(self.substances[row] for row in self._index.get(plain(substance), ()))


def exact(number: Number) -> Fraction:
    """A number as it was written: 0.1 is a tenth. Sums are exact, so that a unit at S = 1 is not missed by rounding."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def plain(name: str) -> str:
    """A name without what writers do differently: width of letters and brackets, case, spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).casefold()


def cas_is_valid(number: str) -> bool:
    """Whether a CAS registry number has its form and its check digit: Σ of digit times place from the right, mod 10."""
    if not re.fullmatch(r"[1-9]\d{1,6}-\d\d-\d", number):
        return False
    digits = [int(digit) for digit in number.replace("-", "")]
    return sum(place * digit for place, digit in enumerate(reversed(digits[:-1]), 1)) % 10 == digits[-1]


def identify(stocks: Sequence[Stock], rules: Rules) -> Identification:
    """S of a unit: the sum of q/Q over its stocks.

    stocks    everything dangerous in one production or storage unit; two entries of one substance add up
    rules     the tables in force
    returns   every term with q, Q, where Q comes from, and what is missing

    Q is that of table 1 by name; otherwise that of table 2 by hazard class, the lowest of several.
    Source: GB 18218-2018, 4.1 and 4.2.
    """
    terms = tuple(_term(stock, rules) for stock in stocks)
    known = sum((term._share for term in terms if term._share is not None), Fraction(0))
    complete = all(term._share is not None for term in terms)
    return Identification(
        terms=terms,
        s=float(known) if complete else None,
        s_known=float(known),
        is_major=known >= 1 if complete or known >= 1 else None,
    )


def grade(identification: Identification, people: int | None, rules: Rules) -> Grading:
    """R and the level of a unit.

    identification  of `identify`
    people          resident within 500 m outward from the boundary of the plant, >= 0; None: not known
    rules           the same tables
    returns         level 1 … 4 when S >= 1 and nothing is missing; otherwise the levels that are possible

    β is that of table 3 by name, otherwise of table 4 by hazard class. The standard does not say which of several
    classes decides; the highest β is taken and marked as ours. S below 1 has no level.

    Raises ValueError for a number of people that is negative or no whole number.
    Source: GB 18218-2018, 4.3.
    """
    if people is not None and (isinstance(people, bool) or not isinstance(people, int) or people < 0):
        raise ValueError(f"people are a whole number from 0 on, not {people!r}")
    step = None if people is None else _holding(rules.alpha, Fraction(people))
    alpha = None if step is None else Taken(float(step.value), table=5, row=f"{step.at_least}", verified=step.verified)
    alphas = [one.value for one in rules.alpha] if step is None else [step.value]
    betas = [one.beta for one in rules.classes.values()]
    terms = identification.terms
    # What lacks β takes it from table 4, so R lies between the sums with the least and the greatest of that table.
    least = min(alphas) * sum((_or(term, min(betas)) for term in terms), Fraction(0))
    most = max(alphas) * sum((_or(term, max(betas)) for term in terms), Fraction(0))
    bounded = all(term._share is not None for term in terms)
    missing = tuple(one for term in terms for one in term.missing)
    if people is None:
        missing += (Missing(Lack.PEOPLE),)
    possible: tuple[int, ...] = ()
    if identification.is_major is not False:
        gravest = int(_holding(rules.levels, most).value) if bounded else int(rules.levels[0].value)
        possible = tuple(range(gravest, int(_holding(rules.levels, least).value) + 1))
    if identification.is_major is False:
        outcome = Outcome.NOT_MAJOR
    elif missing:
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.GRADED
    return Grading(
        identification=identification,
        people=people,
        alpha=alpha,
        outcome=outcome,
        r=None if missing else float(least),
        r_least=float(least),
        r_most=float(most) if bounded else math.inf,
        level=possible[0] if outcome is Outcome.GRADED else None,
        levels=possible,
        missing=missing,
    )


def _term(stock: Stock, rules: Rules) -> Term:
    """Q and β of one stock, or what is missing for them."""
    rows = () if stock.form is Form.OWN_CLASS else rules.find(stock.substance)
    unknown = tuple(symbol for symbol in stock.classes if symbol not in rules.classes)
    if unknown:
        return Term(stock, None, None, None, (Missing(Lack.HAZARD_CLASS, stock.substance, unknown),))
    if len(rows) > 1:
        which = tuple(f"{row.row} {row.name_zh}" for row in rows)
        return Term(stock, None, None, None, (Missing(Lack.ROW, stock.substance, which),))
    named = rows[0] if rows else None
    classes = [rules.classes[symbol] for symbol in stock.classes]
    if named is not None:
        threshold = Taken(float(named.q_t), table=1, row=str(named.row), verified=named.verified)
        q_t = named.q_t
    elif classes:
        lowest = min(classes, key=lambda one: one.q_t)
        threshold = Taken(
            float(lowest.q_t),
            table=2,
            row=lowest.symbol,
            verified=lowest.verified,
            considered=tuple((one.symbol, float(one.q_t)) for one in classes),
        )
        q_t = lowest.q_t
    else:
        lack = Lack.CLASSES if stock.form is Form.OWN_CLASS else Lack.SUBSTANCE
        return Term(stock, None, None, None, (Missing(lack, stock.substance),))
    share = exact(stock.tonnes) / q_t
    found = _beta(named, classes, rules)
    if found is None:
        return Term(stock, named, threshold, None, (Missing(Lack.BETA, stock.substance),), share)
    beta, value = found
    return Term(stock, named, threshold, beta, (), share, value * share)


def _beta(named: Substance | None, classes: list[HazardClass], rules: Rules) -> tuple[Taken, Fraction] | None:
    """β with its place: table 3 by name, else the highest of table 4."""
    if named is not None and named.row in rules.gases:
        beta, checked = rules.gases[named.row]
        return Taken(float(beta), table=3, row=str(named.row), verified=checked), beta
    sure = True
    if not classes and named is not None and named.row in rules.assumed:
        symbols, sure = rules.assumed[named.row]
        classes = [rules.classes[symbol] for symbol in symbols]
    if not classes:
        return None
    highest = max(classes, key=lambda one: one.beta)
    taken = Taken(
        float(highest.beta),
        table=4,
        row=highest.symbol,
        verified=sure and highest.verified,
        ours=len({one.beta for one in classes}) > 1,
        considered=tuple((one.symbol, float(one.beta)) for one in classes),
    )
    return taken, highest.beta


def _or(term: Term, beta: Fraction) -> Fraction:
    """The weighted share of a term, with `beta` where its own is missing; nothing where Q is missing."""
    if term._weighted is not None:
        return term._weighted
    return Fraction(0) if term._share is None else beta * term._share


def _steps(rows: Iterable[Mapping[str, Any]], value: str) -> tuple[Step, ...]:
    steps = [Step(exact(row["at_least"]), exact(row[value]), row.get("verified", True)) for row in rows]
    return tuple(sorted(steps, key=lambda step: step.at_least, reverse=True))


def _holding(steps: Sequence[Step], number: Fraction) -> Step:
    """The highest step that `number` reaches; the last begins at 0, which the rulebook checks."""
    return next(step for step in steps if number >= step.at_least)
