"""Many new rows of one table by statements of a fixed form: `bulk_create` works out each value of each row anew.

What a row needs is worked out before the transaction, so that the transaction only writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import connections, models, router

#: Values in one statement; SQLite takes 32,766 and PostgreSQL 65,535.
_VALUES = 20_000
#: Sorts of values that repeat down a column and never change.
_REPEATED = frozenset({str, int, type(None), date, datetime})
_EMPTY: tuple[Any, ...] = ({}, [])


class Rows:
    """New rows of one model, ready to be written once; after `insert` each has its number.

    of  the model of rows that are no instances of it but hold its values under the names of their columns: making
        instances takes longer than writing them
    """

    def __init__(self, rows: Sequence[Any], of: type[models.Model] | None = None) -> None:
        self.rows = rows
        if not rows:
            return
        self._model = of or type(rows[0])
        self._connection = connections[router.db_for_write(self._model)]
        self._fields = [field for field in self._model._meta.concrete_fields if not field.primary_key]
        self._columns = [self._column(field) for field in self._fields]

    def _column(self, field: Any) -> list[Any]:
        """The values of one field as the database takes them."""
        found = []
        known: dict[Any, Any] = {}
        values: Iterable[Any] = map(attrgetter(field.attname), self.rows)
        if type(field).pre_save is not models.Field.pre_save:
            values = [field.pre_save(row, True) for row in self.rows]
        for value in values:
            sort = type(value)
            if sort not in _REPEATED and value not in _EMPTY:
                found.append(field.get_db_prep_save(value, self._connection))
                continue
            key = value if sort in _REPEATED else sort
            if key not in known:
                known[key] = field.get_db_prep_save(value, self._connection)
            found.append(known[key])
        return found

    def renew(self, name: str) -> None:
        """Take the values of one field once more, after they changed."""
        at = next(at for at, field in enumerate(self._fields) if field.name == name)
        self._columns[at] = self._column(self._fields[at])

    def insert(self, *, numbered: bool = True) -> None:
        """Write them, in the transaction that is under way. Raises IntegrityError as Django does.

        numbered  False for who does not ask for the numbers of the rows: PostgreSQL then copies them in
        """
        if not self.rows:
            return
        if not numbered and self._connection.vendor == "postgresql":
            self._copy()
            return
        quote = self._connection.ops.quote_name
        meta = self._model._meta
        key: Any = meta.pk
        names = ", ".join(quote(str(field.column)) for field in self._fields)
        place = f"({', '.join(['%s'] * len(self._fields))})"
        values = list(zip(*self._columns, strict=True))
        numbers: list[int] = []
        with self._connection.cursor() as cursor:
            for some in _parts(values, max(1, _VALUES // len(self._fields))):
                cursor.execute(
                    f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES {', '.join([place] * len(some))}"  # noqa: S608
                    f" RETURNING {quote(key.column)}",
                    list(chain.from_iterable(some)),
                )
                numbers += [number for (number,) in cursor.fetchall()]
        for row, number in zip(self.rows, numbers, strict=True):
            row.pk = number
            if not isinstance(row, models.Model):
                continue
            row._state.adding, row._state.db = False, self._connection.alias

    def _copy(self) -> None:
        quote = self._connection.ops.quote_name
        names = ", ".join(quote(str(field.column)) for field in self._fields)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {quote(self._model._meta.db_table)} ({names}) FROM STDIN") as copy,
        ):
            for row in zip(*self._columns, strict=True):
                copy.write_row(row)


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (values[at : at + size] for at in range(0, len(values), size))
