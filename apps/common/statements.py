"""Statements that are written out, for what is asked so often that to build a query takes longer than to run it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ValuesListIterable


def takes_several() -> bool:
    """Whether the database takes several statements in one exchange; an installation may have chosen a protocol without."""
    return connection.vendor == "postgresql" and not getattr(connection.features, "uses_server_side_binding", False)


def run_together(statements: str, values: Mapping[str, Any] | Sequence[Any]) -> list[int]:
    """Runs them in one exchange and one transaction; how many rows each found or changed.

    It takes what comes in one message as one transaction. Each statement has a look of its own (READ COMMITTED), so that
    one behind a lock sees what was committed while the lock was waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(statements, values)
        counts = [cursor.rowcount]
        while cursor.nextset():
            counts.append(cursor.rowcount)
    return counts


_NUMBER = 2**30  # what stands for numbers, and years from _YEAR on for instants: no query names such of itself
_YEAR = 3000


class Place(NamedTuple):
    """Where a value stands among the parameters of a statement, and what is added to it there."""

    at: int
    number: int
    more: Any


class Repeated:
    """A query that is asked again and again, and differs in a few instants and numbers only: what Django makes of it is kept,
    and they are put in.

    `build` is given what stands for them and must not look at it: a number goes in as it is, to an instant a span of up to
    ten years may be added. It returns plain rows (`values_list`). Whatever else it returns raises TypeError, since it
    would be answered wrongly. Where the database does not take instants as they are, it builds each time.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._kept: tuple[str, Sequence[Any], Sequence[Place]] | None = None

    def __call__(self, *values: datetime | int) -> Sequence[Any]:
        """The rows."""
        if connection.vendor != "postgresql":
            return list(self._build(*values))
        self._kept = self._kept or self._made(values)
        sql, params, places = self._kept
        filled = [*params]
        for at, number, more in places:
            filled[at] = values[number] + more
        with connection.cursor() as cursor:
            cursor.execute(sql, filled)
            rows: Sequence[Any] = cursor.fetchall()
        return rows

    def _made(self, values: Sequence[datetime | int]) -> tuple[str, Sequence[Any], Sequence[Place]]:
        stand_ins = [_stand_in(value, number) for number, value in enumerate(values)]
        rows = self._build(*stand_ins)
        compiler = rows.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        places = [place for at, param in enumerate(params) if (place := _place(at, param, stand_ins))]
        if not _are_plain(rows) or compiler.get_converters([expression for expression, *_rest in compiler.select]):
            raise TypeError("The values of these rows are not those that the database gives.")
        known = {place.at for place in places}
        if any(_is_strange(param, stand_ins) for at, param in enumerate(params) if at not in known):
            raise TypeError("A value is in the query in another form than it was given.")
        if {place.number for place in places} != {*range(len(values))}:
            raise TypeError("A value is not in the query.")
        return sql, params, places


def _stand_in(value: datetime | int, number: int) -> datetime | int:
    return datetime(_YEAR + 100 * number, 1, 1, tzinfo=UTC) if isinstance(value, datetime) else _NUMBER + 10 * number


def _place(at: int, param: object, stand_ins: Sequence[datetime | int]) -> Place | None:
    for number, stand_in in enumerate(stand_ins):
        if isinstance(param, datetime) and isinstance(stand_in, datetime) and abs(param - stand_in) < timedelta(days=3653):
            return Place(at, number, param - stand_in)
        if param == stand_in:
            return Place(at, number, 0)
    return None


def _are_plain(rows: QuerySet[Any, Any]) -> bool:
    query = rows.query
    return issubclass(rows._iterable_class, ValuesListIterable) and not (query.combinator or query.distinct)


def _is_strange(param: object, stand_ins: Sequence[datetime | int]) -> bool:
    """Whether something was made of a stand-in, rather than put into the query."""
    if isinstance(param, date):
        return param.year > _YEAR - 100
    return isinstance(param, int) and any(
        isinstance(number, int) and abs(param - number) < _NUMBER // 1000 for number in stand_ins
    )
