"""The answer to a question: a set or one entity with all that `$filter $select $expand $orderby $count $top $skip`
and `$resultFormat=dataArray` say. Source: OGC 18-088, clause 9."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from anlan.apps.sensorthings.queries import shapes
from anlan.apps.sensorthings.queries.budget import MOST_JUDGED, TooMuch
from anlan.apps.sensorthings.queries.judging import holds
from anlan.apps.sensorthings.queries.narrowing import asked, conjuncts, narrowed, ordered, paths_of
from anlan.apps.sensorthings.queries.observations import MOST_POINTS, asks_newest, newest_of, observations, sort_key
from anlan.apps.sensorthings.queries.scope import Entities, Scope, column_to, key_of
from anlan.apps.sensorthings.queries.shapes import Reading
from anlan.apps.sensorthings.writing import address
from anlan.formats.sensorthings import ENTITIES
from anlan.formats.sensorthings.query import Binary, Call, Expand, Node, Not, Path, Query

#: Entities of one page where the question does not say, and at most; the same for observations.
USUAL, MOST, MOST_OBSERVATIONS = 100, 1_000, 10_000
#: What a data array tells of each observation.
COMPONENTS = ("id", "phenomenonTime", "result", "resultTime", "resultQuality")


#: Rows of a page, how many there are in all where asked for, and whether more follow.
Page = tuple[list[Any], int | None, bool]


class Answering:
    """Answers one question; what comes along is counted, so that one question cannot ask for everything."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def many(self, found: Entities, query: Query, here: str) -> dict[str, Any]:
        """A page of a set. `here` is its address, for the link to the next page. Raises TooMuch."""
        rows, count, more = self.page(found, query)
        body: dict[str, Any] = {} if count is None else {"@iot.count": count}
        if more:
            body["@iot.nextLink"] = _next(here, query, len(rows))
        if query.result_format == "dataArray":
            return body | {"value": self._arrays(rows, query)}
        return body | {"value": self.shaped(found.kind, rows, query)}

    def page(self, found: Entities, query: Query) -> Page:
        """A page of a set."""
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
        self.scope.budget.bring(len(rows), "$expand")
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
            rows = self._judged(rows)
        kind, scope = found.kind, self.scope
        for steps in asked(replace(query, filter=rest)):
            scope.load(kind, rows, steps)
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
            scope, rows = self.scope, self._judged(rows)
            for path in paths_of(filter_):
                scope.load("Datastream", rows, path.steps)
            rows = [
                one for one in rows
                if filter_ is not None and holds(filter_, lambda steps: scope.values("Datastream", one, steps), scope.now)  # noqa: B023, E501
            ]  # fmt: skip
        return Entities(found.kind, rows, found.at), replace(query, filter=rest)

    def _judged(self, rows: QuerySet[Any]) -> list[Any]:
        """All rows, to be judged one by one. Raises TooMuch."""
        budget = self.scope.budget
        found = list(rows[: min(MOST_JUDGED, max(budget.judged, 0)) + 1])
        budget.judge(len(found), "$filter")
        return found

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
        pages = self._pages(kind, rows, one, relation.target)
        # All of them become JSON together, so that what comes along with them is asked for once.
        bodies = iter(self.shaped(relation.target, [row for some, _count, _more in pages for row in some], one.query))
        answers = []
        for row, (some, count, more) in zip(rows, pages, strict=True):
            told: list[tuple[str, Any]] = [(one.name, list(itertools.islice(bodies, len(some))))]
            if count is not None:
                told.append((f"{one.name}@iot.count", count))
            if more:
                here = f"{shapes.self_link(self.scope.root, kind, row)}/{one.name}"
                told.append((f"{one.name}@iot.nextLink", _next(here, one.query, len(some))))
            answers.append(told)
        return answers

    def _pages(self, kind: str, rows: Sequence[Any], one: Expand, target: str) -> list[Page]:
        """The page of each row, by a number of questions that does not grow with the rows; of readings by a few for
        each datastream."""
        query, scope = one.query, self.scope
        if target == "Datastream":
            some, order = narrowed(target, query.filter), ordered(target, query.orderby)
            if some.exact and order is not None:
                return self._numbered(column_to(kind, target) or "", rows, query, some.q, order)
        if target != "Observation":
            scope.load(kind, rows, (one.name,))
            for steps in asked(query):
                scope.load(kind, rows, (one.name, *steps))
        return [self.page(scope.related(kind, row, one.name), query) for row in rows]

    def _numbered(
        self, column: str, rows: Sequence[Any], query: Query, condition: Q, order: Sequence[str]
    ) -> list[Page]:
        """The datastreams of each row, numbered by the database, so that it gives no more of them than a page."""
        top, skip = min(MOST, USUAL if query.top is None else query.top), query.skip or 0
        keys = [key_of(row) for row in rows]
        mine = self.scope.points().filter(condition, **{f"{column}__in": keys})
        counts = dict(mine.order_by().values_list(column).annotate(n=Count("pk"))) if query.count else {}
        place = Window(RowNumber(), partition_by=F(column), order_by=list(order))
        some = mine.annotate(place=place).filter(place__gt=skip, place__lte=skip + top + 1).order_by(*order)
        groups: dict[Any, list[Any]] = {key: [] for key in keys}
        # One more of each than is shown says whether there is a next page; what is too much is not even read.
        for point in some[: max(self.scope.budget.entities, 0) + len(keys) + 1]:
            groups[getattr(point, column)].append(point)
        return [
            (groups[key][:top], counts.get(key, 0) if query.count else None, len(groups[key]) > top > 0) for key in keys
        ]

    def _singles(self, kind: str, rows: Sequence[Any], one: Expand, target: str) -> list[list[tuple[str, Any]]]:
        """Each related entity is made once, however many rows lead to it, and all of them together."""
        keys, found = [], {}
        for row in rows:
            other = next(iter(self.scope.related(kind, row, one.name).rows), None)
            keys.append(None if other is None else shapes.id_of(target, other))
            if other is not None:
                found[keys[-1]] = other
        made = dict(zip(found, self.shaped(target, list(found.values()), one.query), strict=True))
        return [[] if key is None else [(one.name, made[key])] for key in keys]

    def _newest(self, points: Sequence[Any], one: Expand) -> list[list[tuple[str, Any]]]:
        found = newest_of(self.scope, points)
        rows = [found[point.pk] for point in points if point.pk in found]
        bodies = {
            row.point.pk: body for row, body in zip(rows, self.shaped("Observation", rows, one.query), strict=True)
        }
        return [[(one.name, [bodies[point.pk]] if point.pk in bodies else [])] for point in points]

    # -- data arrays --------------------------------------------------------------------------------------------------

    def _arrays(self, rows: Sequence[Reading], query: Query) -> list[dict[str, Any]]:
        wanted = {"id" if one == "@iot.id" else one for one in query.select} or set(COMPONENTS)
        names = [one for one in COMPONENTS if one in wanted]
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
    found = list(paths_of(node))
    return bool(found) and all(one.steps[0] == head and len(one.steps) > 1 for one in found)


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
