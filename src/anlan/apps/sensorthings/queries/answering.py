"""The answer to a question: a set or one entity with all that `$filter $select $expand $orderby $count $top $skip`
and `$resultFormat=dataArray` say. Source: OGC 18-088, clause 9."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet

from anlan.apps.sensorthings.queries import shapes
from anlan.apps.sensorthings.queries.judging import holds
from anlan.apps.sensorthings.queries.narrowing import conjuncts, narrowed, ordered
from anlan.apps.sensorthings.queries.observations import MOST_POINTS, asks_newest, newest_of, observations, sort_key
from anlan.apps.sensorthings.queries.scope import Entities, Scope, TooMuch
from anlan.apps.sensorthings.queries.shapes import Reading
from anlan.apps.sensorthings.writing import address
from anlan.formats.sensorthings import ENTITIES
from anlan.formats.sensorthings.query import Binary, Call, Expand, Node, Not, Path, Query

#: Entities of one page where the question does not say, and at most; the same for observations.
USUAL, MOST, MOST_OBSERVATIONS = 100, 1_000, 10_000
#: Entities of one set that are judged one by one, and entities that come along in one answer.
MOST_JUDGED, MOST_EXPANDED = 200_000, 100_000
#: What a data array tells of each observation.
COMPONENTS = ("id", "phenomenonTime", "result", "resultTime", "resultQuality")


class Answering:
    """Answers one question; counts what comes along, so that one question cannot ask for everything."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.left = MOST_EXPANDED

    def many(self, found: Entities, query: Query, here: str) -> dict[str, Any]:
        """A page of a set. `here` is its address, for the link to the next page. Raises TooMuch."""
        rows, count, more = self.page(found, query)
        body: dict[str, Any] = {} if count is None else {"@iot.count": count}
        if more:
            body["@iot.nextLink"] = _next(here, query, len(rows))
        if query.result_format == "dataArray":
            return body | {"value": self._arrays(rows, query)}
        return body | {"value": self.shaped(found.kind, rows, query)}

    def page(self, found: Entities, query: Query) -> tuple[list[Any], int | None, bool]:
        """Rows of a page, how many there are in all where asked for, and whether more follow."""
        most = MOST_OBSERVATIONS if found.kind == "Observation" else MOST
        top, skip = min(most, USUAL if query.top is None else query.top), query.skip or 0
        # One more is looked for, to know whether there is a next page.
        if found.kind == "Observation":
            found, query = self._of_some_points(found, query)
            rows, count = observations(self.scope, found, query, skip, top + 1)
        else:
            rows, count = self._entities(found, query, skip, top + 1)
        return rows[:top], count, len(rows) > top and top > 0

    def shaped(self, kind: str, rows: Sequence[Any], query: Query) -> list[dict[str, Any]]:
        """Entities as JSON with what comes along."""
        self.left -= len(rows)
        if self.left < 0:
            raise TooMuch("$expand")
        along = [self._expanded(kind, rows, one) for one in query.expand]
        root = self.scope.root
        return [
            shapes.as_json(root, kind, row, query.select, dict(itertools.chain(*(one[number] for one in along))))
            for number, row in enumerate(rows)
        ]

    # -- sets ---------------------------------------------------------------------------------------------------------

    def _entities(self, found: Entities, query: Query, skip: int, top: int) -> tuple[list[Any], int | None]:
        rows, rest = found.rows, query.filter
        order = ordered(found.kind, query.orderby)
        if isinstance(rows, QuerySet):
            some = narrowed(found.kind, query.filter)
            rows, rest = rows.filter(some.q), None if some.exact else query.filter
            if rest is None and order is not None:
                rows = rows.order_by(*order)
                count = rows.count() if query.count else None
                return list(rows[skip : skip + top]), count
            rows = list(rows[: MOST_JUDGED + 1])
            if len(rows) > MOST_JUDGED:
                raise TooMuch("$filter")
        kind, scope = found.kind, self.scope
        if rest is not None:
            rows = [one for one in rows if holds(rest, lambda steps: scope.values(kind, one, steps), scope.now)]  # noqa: B023
        rows = list(rows)
        for one in reversed(query.orderby):
            path = one.path.steps
            rows.sort(key=lambda row: sort_key(scope.values(kind, row, path)), reverse=one.descending)
        return rows[skip : skip + top], len(rows) if query.count else None

    def _of_some_points(self, found: Entities, query: Query) -> tuple[Entities, Query]:
        """What a filter of observations says of their datastream chooses the points; the rest is left."""
        mine = [part for part in conjuncts(query.filter) if _only_of(part, "Datastream")]
        if not mine or not isinstance(found.rows, QuerySet):
            return found, query
        filter_ = _joined([_without_head(part) for part in mine])
        rest = _joined([part for part in conjuncts(query.filter) if part not in mine])
        some = narrowed("Datastream", filter_)
        rows: Any = found.rows.filter(some.q)
        if not some.exact:
            scope = self.scope
            rows = [
                one for one in rows[: MOST_JUDGED + 1]
                if filter_ is not None and holds(filter_, lambda steps: scope.values("Datastream", one, steps), scope.now)  # noqa: B023, E501
            ]  # fmt: skip
        return Entities(found.kind, rows, found.at), replace(query, filter=rest)

    # -- what comes along ---------------------------------------------------------------------------------------------

    def _expanded(self, kind: str, rows: Sequence[Any], one: Expand) -> list[list[tuple[str, Any]]]:
        """For each row what a relation brings: its value, and its count and next page where there are."""
        relation = ENTITIES[kind].relation(one.name)
        assert relation is not None
        if kind == "Datastream" and relation.target == "Observation" and asks_newest(one.query):
            return self._newest(rows, one)
        if not relation.many:
            return self._singles(kind, rows, one, relation.target)
        if relation.target == "Observation" and len(rows) > MOST_POINTS:
            raise TooMuch(one.name)
        answers = []
        for row in rows:
            some, count, more = self.page(self.scope.related(kind, row, one.name), one.query)
            told: list[tuple[str, Any]] = [(one.name, self.shaped(relation.target, some, one.query))]
            if count is not None:
                told.append((f"{one.name}@iot.count", count))
            if more:
                here = f"{shapes.self_link(self.scope.root, kind, row)}/{one.name}"
                told.append((f"{one.name}@iot.nextLink", _next(here, one.query, len(some))))
            answers.append(told)
        return answers

    def _singles(self, kind: str, rows: Sequence[Any], one: Expand, target: str) -> list[list[tuple[str, Any]]]:
        """Each related entity is made once, however many rows lead to it."""
        made: dict[Any, dict[str, Any]] = {}
        answers = []
        for row in rows:
            others = list(self.scope.related(kind, row, one.name).rows)
            if not others:
                answers.append([])
                continue
            key = shapes.id_of(target, others[0])
            if key not in made:
                made[key] = self.shaped(target, others[:1], one.query)[0]
            answers.append([(one.name, made[key])])
        return answers

    def _newest(self, points: Sequence[Any], one: Expand) -> list[list[tuple[str, Any]]]:
        found = newest_of(self.scope, points)
        rows = [found[point.pk] for point in points if point.pk in found]
        bodies = {
            row.point.pk: body for row, body in zip(rows, self.shaped("Observation", rows, one.query), strict=True)
        }
        return [[(one.name, [bodies[point.pk]] if point.pk in bodies else [])] for point in points]

    # -- data arrays --------------------------------------------------------------------------------------------------

    def _arrays(self, rows: Sequence[Reading], query: Query) -> list[dict[str, Any]]:
        names = [one for one in COMPONENTS if one in query.select] if query.select else list(COMPONENTS)
        answers = []
        for _pk, some in itertools.groupby(sorted(rows, key=lambda one: one.point.pk), key=lambda one: one.point.pk):
            group = list(some)
            link = shapes.self_link(self.scope.root, "Datastream", group[0].point)
            bodies = [
                {"id": shapes.id_of("Observation", one), **shapes.properties_of("Observation", one)} for one in group
            ]
            answers.append({
                "Datastream@iot.navigationLink": link,
                "Datastream": {"@iot.id": group[0].point.pk},
                "components": names,
                "dataArray@iot.count": len(group),
                "dataArray": [[body[name] for name in names] for body in bodies],
            })  # fmt: skip
        return answers


def _next(here: str, query: Query, shown: int) -> str:
    """The address of the page after `shown` rows."""
    more = replace(query, skip=(query.skip or 0) + shown)
    return address(here, more)


def _only_of(node: Node, head: str) -> bool:
    """Whether every path of a condition begins with this relation."""
    found = list(_paths(node))
    return bool(found) and all(one.steps[0] == head and len(one.steps) > 1 for one in found)


def _paths(node: Node) -> Iterable[Path]:
    if isinstance(node, Path):
        yield node
    elif isinstance(node, Binary):
        yield from _paths(node.left)
        yield from _paths(node.right)
    elif isinstance(node, Not):
        yield from _paths(node.node)
    elif isinstance(node, Call):
        for one in node.arguments:
            yield from _paths(one)


def _without_head(node: Node) -> Node:
    if isinstance(node, Path):
        return Path(node.steps[1:])
    if isinstance(node, Binary):
        return Binary(node.operator, _without_head(node.left), _without_head(node.right))
    if isinstance(node, Not):
        return Not(_without_head(node.node))
    if isinstance(node, Call):
        return Call(node.name, tuple(_without_head(one) for one in node.arguments))
    return node


def _joined(nodes: Sequence[Node]) -> Node | None:
    found: Node | None = None
    for one in nodes:
        found = one if found is None else Binary("and", found, one)
    return found
