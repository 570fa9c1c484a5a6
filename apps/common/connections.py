"""What every connection to the database begins with."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def compile_nothing(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """PostgreSQL would compile a statement that it believes to be long, such as the count of all contacts by what they are; that
    takes several times as long as running it.

    Said once connected: a pooler between them, such as PgBouncer, refuses connections that begin with options.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
