"""Instants cut to the hour or second inside the database, fast on both.

Django's own Trunc calls back into Python on SQLite, and on PostgreSQL reckons the calendar of a zone for every row.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Func
from django.db.models.sql.compiler import SQLCompiler

# Length of “2026-03-02 09” and “2026-03-02 09:00:00”, and what completes it.
UNITS = {"hour": (13, " || ':00:00'"), "second": (19, "")}


class Cut(Func):
    """`Cut("opened_at", unit="hour")`: the instant at which its UTC hour began."""

    output_field = DateTimeField()

    def __init__(self, expression: Any, *, unit: str) -> None:
        super().__init__(expression)
        self.extra["unit"], (self.extra["length"], self.extra["rest"]) = unit, UNITS[unit]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        # Django keeps instants as UTC text of one fixed form there.
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)%(rest)s", **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        # Plain division by the unit, counted from the first second of 1970 UTC.
        template = "DATE_BIN('1 %(unit)s', %(expressions)s, TIMESTAMPTZ 'epoch')"
        return self.as_sql(compiler, connection, template=template, **context)
