"""Codes of Chinese registers: their shape and their check signs, computed as the standards say.

Every function takes the text in capitals and without spaces, and gives all faults at once; none means that the code
may exist, not that it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from operator import mul

from anlan.formats.faults import Fault, Refused

#: GB 32100-2015: 31 signs, without I O S V Z.
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(f"[{CREDIT_SIGNS}]{{2}}[0-9]{{6}}[{CREDIT_SIGNS}]{{10}}")
_DIGITS = "0123456789"
_ORGANISATION_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: 3^(i-1) mod 31.
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
#: 2^(18-i) mod 11, and the check sign by the sum's remainder.
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
#: Nobody in a register of today was born earlier.
_FIRST_BIRTH = date(1850, 1, 1)
#: GB/T 4754-2017: first division of each section A to T; 97 is the last division.
_SECTIONS = (1, 6, 13, 44, 47, 51, 53, 61, 63, 66, 70, 71, 73, 76, 80, 83, 84, 86, 91, 97)
_LAST_DIVISION = 97
#: Place of each sign in its alphabet.
_PLACES = {
    signs: {sign: place for place, sign in enumerate(signs)} for signs in (CREDIT_SIGNS, _DIGITS, _ORGANISATION_SIGNS)
}
_CAS = re.compile(r"([1-9]\d{1,6})-(\d{2})-(\d)")
_INDUSTRY = re.compile(r"([A-T]?)(\d{2,4})")


def organisation_check(eight: str) -> str:
    """Check sign of an organisation code (GB 11714-1997): eight digits or letters A–Z in, `0`–`9` or `X` out.

    Raises ValueError for another sign or length.
    """
    total = _weighted(eight, _ORGANISATION_SIGNS, _ORGANISATION_WEIGHTS)
    check = 11 - total % 11
    return "X" if check == 10 else "0" if check == 11 else str(check)


def credit_check(seventeen: str) -> str:
    """Check sign of a unified social credit code (GB 32100-2015): seventeen signs in, one of `CREDIT_SIGNS` out.

    Raises ValueError for a sign outside the alphabet or another length.
    """
    return CREDIT_SIGNS[(31 - _weighted(seventeen, CREDIT_SIGNS, _CREDIT_WEIGHTS) % 31) % 31]


def resident_check(seventeen: str) -> str:
    """Check sign of a resident's number (GB 11643-1999): seventeen digits in, `0`–`9` or `X` out.

    Raises ValueError for another sign or length.
    """
    return _RESIDENT_CHECKS[_weighted(seventeen, _DIGITS, _RESIDENT_WEIGHTS) % 11]


def cas_check(digits: str) -> str:
    """Check digit of a CAS number: its other digits without hyphens in, a digit out."""
    return str(sum(place * int(sign) for place, sign in enumerate(reversed(digits), 1)) % 10)


def _weighted(signs: str, alphabet: str, weights: Sequence[int]) -> int:
    if len(signs) != len(weights):
        raise ValueError(f"{len(signs)} signs instead of {len(weights)}")
    try:
        return sum(map(mul, weights, map(_PLACES[alphabet].__getitem__, signs)))
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is none of {alphabet}") from error


def credit_faults(code: str) -> tuple[Fault, ...]:
    """What is wrong with a unified social credit code: `wrong_length`, `wrong_sign` at its place, `wrong_check`.

    Both check signs are looked at, that of the organisation code inside (place 17) and the last one. A few codes of
    the first pilot cities, given before the standard, fail and are in use all the same: a person decides.
    """
    if not _CREDIT.fullmatch(code):
        return tuple(_shape(code, [CREDIT_SIGNS] * 2 + [_DIGITS] * 6 + [CREDIT_SIGNS] * 10))
    return (*_check(code, 16, organisation_check(code[8:16])), *_check(code, 17, credit_check(code[:17])))


def organisation_faults(code: str) -> tuple[Fault, ...]:
    """What is wrong with an organisation code, written `12345678X` or `12345678-X`; faults as of `credit_faults`."""
    bare = code[:8] + code[9:] if code[8:9] == "-" else code
    faults = _shape(bare, [_ORGANISATION_SIGNS] * 8 + [_DIGITS + "X"])
    return tuple(faults or _check(bare, 8, organisation_check(bare[:8])))


def resident_faults(number: str, *, today: date) -> tuple[Fault, ...]:
    """What is wrong with a resident's number: faults as of `credit_faults`, and `wrong_birth_date`.

    today  nobody is born later

    Numbers of 15 digits ended with 2012. The region is not looked up: a number keeps that of its first registration,
    which may no longer exist.
    """
    faults = _shape(number, [_DIGITS] * 17 + [_DIGITS + "X"])
    if faults:
        return tuple(faults)
    born = number[6:14]
    try:
        is_date = _FIRST_BIRTH <= date(int(born[:4]), int(born[4:6]), int(born[6:])) <= today
    except ValueError:
        is_date = False
    if not is_date:
        faults.append(Fault("wrong_birth_date", "7", {"date": born}))
    return (*faults, *_check(number, 17, resident_check(number[:17])))


def region_faults(code: str) -> tuple[Fault, ...]:
    """What is wrong with the shape of a region's code: 6 digits of GB/T 2260, 9 with the town, 12 with the village.

    There is no check digit, and whether the region exists is for the table of regions to say. `wrong_region` is no
    province, a county without its city, or a village without its town; a few cities have towns without counties.
    """
    if len(code) not in (6, 9, 12):
        return (Fault("wrong_length", "", {"length": len(code), "expected": "6, 9, 12"}),)
    faults = _shape(code, [_DIGITS] * len(code))
    province, city, county, town, village = (
        bool(level.strip("0")) for level in (code[:2], code[2:4], code[4:6], code[6:9], code[9:])
    )
    if not faults and (not province or (county and not city) or (town and not city) or (village and not town)):
        faults.append(Fault("wrong_region", "", {"region": code}))
    return tuple(faults)


def industry_letter(code: str) -> str:
    """Section A–T of an industry (GB/T 4754-2017) from the first two of its digits.

    Raises Refused: `wrong_form`, `wrong_division`.
    """
    found = _INDUSTRY.fullmatch(code)
    if found is None:
        raise Refused("wrong_form", form="2611, C2611")
    division = int(found[2][:2])
    if not 1 <= division <= _LAST_DIVISION:
        raise Refused("wrong_division", division=found[2][:2])
    return chr(ord("A") + sum(first <= division for first in _SECTIONS) - 1)


def industry_faults(code: str) -> tuple[Fault, ...]:
    """What is wrong with an industry's code, `2611` or `C2611`; a letter must be that of the digits."""
    try:
        letter = industry_letter(code)
    except Refused as refused:
        return (refused.fault,)
    if code[0].isalpha() and code[0] != letter:
        return (Fault("wrong_check", "1", {"found": code[0], "expected": letter}),)
    return ()


def cas_faults(number: str) -> tuple[Fault, ...]:
    """What is wrong with a CAS number such as `7732-18-5`: `wrong_form`, `wrong_check`."""
    found = _CAS.fullmatch(number)
    if found is None:
        return (Fault("wrong_form", "", {"form": "7732-18-5"}),)
    return tuple(_check(number, len(number) - 1, cas_check(found[1] + found[2])))


def _shape(code: str, alphabets: Sequence[str]) -> list[Fault]:
    """Another length, or the signs that cannot stand where they do."""
    if len(code) != len(alphabets):
        return [Fault("wrong_length", "", {"length": len(code), "expected": len(alphabets)})]
    places = enumerate(zip(code, alphabets, strict=True), 1)
    return [Fault("wrong_sign", str(place), {"sign": sign}) for place, (sign, may) in places if sign not in may]


def _check(code: str, at: int, expected: str) -> Iterator[Fault]:
    if code[at] != expected:
        yield Fault("wrong_check", str(at + 1), {"found": code[at], "expected": expected})
