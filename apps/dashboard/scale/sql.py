"""Rows made where they are kept: INSERT … SELECT, for tables too large to carry rows to."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models

# As many numbers as asked for, from 1 on; both databases speak it.
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(count)s)"


def insert_select(model: type[models.Model], columns: Mapping[str, str], source: str, values: Mapping[str, Any]) -> None:
    """`columns` are fields with the expression each is filled by; the others get what the model would give them."""
    expressions, given = dict(columns), dict(values)
    for field in model._meta.concrete_fields:
        if field.attname in expressions or field.primary_key or field.has_db_default():
            continue
        if not field.null:
            expressions[field.attname] = f"%(default_{field.attname})s"
            given[f"default_{field.attname}"] = field.get_db_prep_save(field.get_default(), connection)
    quote = connection.ops.quote_name
    columns_of = {field.attname: str(field.column) for field in model._meta.concrete_fields}
    names = ", ".join(quote(columns_of[name]) for name in expressions)
    numbers = NUMBERS if " n" in source else ""
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) {numbers} SELECT {', '.join(expressions.values())} {source}"
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


def token() -> str:
    return "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"


def later(instant: str, seconds: str) -> str:
    """`instant` and so many seconds."""
    if connection.vendor == "postgresql":
        return f"({instant})::timestamptz + ({seconds}) * interval '1 second'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {instant}, (({seconds})) || ' seconds')"


def json_text(parts: str) -> str:
    """A text as a value of JSON."""
    return f"({parts})::jsonb" if connection.vendor == "postgresql" else parts


def analyse() -> None:
    """As autovacuum would do in a while; the planner of queries would else believe the tables to be empty."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
