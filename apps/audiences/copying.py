"""Copying contacts' addresses into other rooms, and erasing a person from all rooms, keep out of each other's way.

Either may take a while, and neither sees what the other has not committed yet: an address could be copied just after its
last trace was removed. So those who copy share a lock that whoever erases has alone. SQLite has one writer anyway.
"""

from django.db import connection

_ERASING = 0x70726561  # names the lock among all advisory ones of the database


def begin_copying() -> None:
    """First in a transaction, before any row is locked; waits while somebody is being erased."""
    _lock("pg_advisory_xact_lock_shared")


def begin_erasing() -> None:
    """First in a transaction, before any row is locked; waits for those who copy, and keeps others from beginning."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_ERASING])
