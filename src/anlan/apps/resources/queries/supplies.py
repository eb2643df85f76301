"""The classes of supplies as the rulebook has them."""

from __future__ import annotations

from datetime import datetime

from anlan.kernel.rulebook.codes import Code, CodeList, code_list

LIST = "SUPPLIES"


def supplies(at: datetime) -> CodeList:
    """Every class in force at a moment. Raises NoRule."""
    return code_list(LIST, at=at)


def find(word: str, classes: CodeList) -> Code | None:
    """The class of this code, or of this name in either language; None for a word that the list does not know."""
    if word in classes:
        return classes[word]
    wanted = word.strip().casefold()
    return next((one for one in classes.values() if wanted in (one.name.casefold(), one.name_zh)), None)


def inside(code: str, classes: CodeList) -> frozenset[str]:
    """A class and every class below it."""
    return frozenset(one for one in classes if code in classes.lineage(one))


def leaves(classes: CodeList) -> list[tuple[str, list[Code]]]:
    """Classes that goods can be of, grouped under the class above them, for a list to choose from."""
    groups: dict[str, list[Code]] = {}
    for one in classes.values():
        if one.unit and one.parent is not None:
            groups.setdefault(one.parent, []).append(one)
    return [(str(classes[parent]), found) for parent, found in groups.items()]
