"""What of a filter and of an order the database can do: it picks rows, and `judging` decides the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from anlan.formats.sensorthings.query import Binary, Call, Literal, Node, Not, Order, Path, Query

_DEVICE = {
    "id": "pk", "@iot.id": "pk", "name": "name", "properties/anlanCode": "code", "properties/region": "region__code",
}  # fmt: skip
_POINT = {
    "id": "pk", "@iot.id": "pk", "name": "name", "unitOfMeasurement/symbol": "unit",
    "properties/anlanCode": "code", "properties/kind": "kind", "properties/region": "region__code",
    "properties/site": "site_name", "ObservedProperty/id": "kind", "ObservedProperty/@iot.id": "kind",
    "ObservedProperty/properties/code": "kind",
}  # fmt: skip
#: Paths of entities as columns of our tables.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "Thing": _DEVICE,
    "Sensor": {path: column for path, column in _DEVICE.items() if path != "properties/region"},
    "Location": {"id": "pk", "@iot.id": "pk", "name": "name"},
    "Datastream": {
        **_POINT,
        **{f"Thing/{path}": f"device__{column}" for path, column in _DEVICE.items()},
        **{f"Sensor/{path}": f"device__{column}" for path, column in _DEVICE.items() if path != "properties/region"},
    },
    "FeatureOfInterest": {"id": "pk", "@iot.id": "pk", "properties/anlanCode": "code"},
}
_LOOKUPS = {"eq": "", "gt": "__gt", "ge": "__gte", "lt": "__lt", "le": "__lte"}
_MIRROR = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_TEXTS = {"substringof": "contains", "startswith": "startswith", "endswith": "endswith"}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Rows that may fit; `exact`: all of them do."""

    q: Q
    exact: bool


_ALL = Narrowed(Q(), exact=False)


def narrowed(kind: str, node: Node | None) -> Narrowed:
    """What the database can do of a filter over a kind of entity."""
    if node is None:
        return Narrowed(Q(), exact=True)
    return _narrowed(COLUMNS.get(kind, {}), node)


def _narrowed(columns: Mapping[str, str], node: Node) -> Narrowed:
    if isinstance(node, Binary):
        if node.operator in ("and", "or"):
            left, right = _narrowed(columns, node.left), _narrowed(columns, node.right)
            if node.operator == "and":
                return Narrowed(left.q & right.q, left.exact and right.exact)
            # An empty condition means every row, which "or" would forget.
            if not left.q or not right.q:
                return _ALL
            return Narrowed(left.q | right.q, left.exact and right.exact)
        return _compared(columns, node)
    if isinstance(node, Call) and node.name in _TEXTS:
        return _text(columns, node)
    return _ALL


def _compared(columns: Mapping[str, str], node: Binary) -> Narrowed:
    sign, path, literal = node.operator, node.left, node.right
    if isinstance(path, Literal) and isinstance(literal, Path) and sign in _MIRROR:
        sign, path, literal = _MIRROR[sign], literal, path
    if not isinstance(path, Path) or not isinstance(literal, Literal) or sign not in _MIRROR:
        return _ALL
    column, value = columns.get("/".join(path.steps)), literal.value
    if column is None or isinstance(value, bool):
        return _ALL
    whole = column.endswith("pk")
    if not isinstance(value, int if whole else str) or (whole and abs(int(value)) >= 2**63):  # type: ignore[arg-type]
        return _ALL
    if column == "unit" and not value:
        return _ALL
    if sign == "ne":
        return Narrowed(~Q(**{column: value}), exact=True)
    if sign != "eq" and not whole:
        # Databases order texts in their own ways.
        return _ALL
    return Narrowed(Q(**{column + _LOOKUPS[sign]: value}), exact=True)


def _text(columns: Mapping[str, str], node: Call) -> Narrowed:
    part, path = node.arguments if node.name == "substringof" else reversed(node.arguments)
    if not isinstance(path, Path) or not isinstance(part, Literal) or not isinstance(part.value, str) or not part.value:
        return _ALL
    column = columns.get("/".join(path.steps))
    if column is None or column.endswith("pk") or "\0" in part.value:
        return _ALL
    # SQLite takes capitals for small letters here, so the rows are looked at again.
    return Narrowed(Q(**{f"{column}__{_TEXTS[node.name]}": part.value}), exact=False)


def ordered(kind: str, orders: Sequence[Order]) -> list[str] | None:
    """The order as the database knows it, made total by the id; None when it cannot give it."""
    columns = COLUMNS.get(kind, {})
    found: list[str] = []
    for one in orders:
        column = columns.get("/".join(one.path.steps))
        if column is None:
            return None
        found.append(f"-{column}" if one.descending else column)
    return [*found, "pk"]


def conjuncts(node: Node | None) -> Iterator[Node]:
    """The parts of a filter that must all hold."""
    if isinstance(node, Binary) and node.operator == "and":
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    elif node is not None:
        yield node


def paths_of(node: Node | None) -> Iterator[Path]:
    """Every path of a filter."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, Binary):
        yield from paths_of(node.left)
        yield from paths_of(node.right)
    elif isinstance(node, Not):
        yield from paths_of(node.node)
    elif isinstance(node, Call):
        for one in node.arguments:
            yield from paths_of(one)


def asked(query: Query) -> Iterator[tuple[str, ...]]:
    """Where the filter and the order of a question lead."""
    yield from (path.steps for path in paths_of(query.filter))
    yield from (one.path.steps for one in query.orderby)
