"""Options of a question as text again: for the links to further pages, of sets that come along too."""

from __future__ import annotations

from urllib.parse import quote

from anlan.formats.sensorthings.query import Binary, Call, Duration, Geography, Literal, Node, Not, Path, Query

#: Signs that stand in the options as they are; `+` of a zone and `&` of a text do not.
_SAFE = "$=(),;/'@.-_~:!*"


def address(here: str, query: Query) -> str:
    """The address `here` with the options of a question."""
    return f"{here}?{'&'.join(quote(part, safe=_SAFE) for part in _parts(query))}"


def _parts(query: Query) -> list[str]:
    parts = []
    if query.filter is not None:
        parts.append(f"$filter={_node(query.filter)}")
    if query.select:
        parts.append(f"$select={','.join(query.select)}")
    if query.expand:
        parts.append("$expand=" + ",".join(one.name + _inner(one.query) for one in query.expand))
    if query.orderby:
        orders = (f"{'/'.join(one.path.steps)} {'desc' if one.descending else 'asc'}" for one in query.orderby)
        parts.append(f"$orderby={','.join(orders)}")
    if query.count is not None:
        parts.append(f"$count={'true' if query.count else 'false'}")
    if query.top is not None:
        parts.append(f"$top={query.top}")
    if query.skip is not None:
        parts.append(f"$skip={query.skip}")
    if query.result_format is not None:
        parts.append(f"$resultFormat={query.result_format}")
    return parts


def _inner(query: Query) -> str:
    parts = _parts(query)
    return f"({';'.join(parts)})" if parts else ""


def _node(node: Node) -> str:
    if isinstance(node, Path):
        return "/".join(node.steps)
    if isinstance(node, Literal):
        return _literal(node.value)
    if isinstance(node, Duration):
        return f"duration'{node.written}'"
    if isinstance(node, Geography):
        return f"geography'{node.wkt}'"
    if isinstance(node, Not):
        return f"not ({_node(node.node)})"
    if isinstance(node, Binary):
        return f"({_node(node.left)} {node.operator} {_node(node.right)})"
    assert isinstance(node, Call)
    return f"{node.name}({','.join(_node(one) for one in node.arguments)})"


def _literal(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
