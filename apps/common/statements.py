"""Statements that are written out, for what is asked so often that to build a query takes longer than to run it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection


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
