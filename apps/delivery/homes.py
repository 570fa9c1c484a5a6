"""Where the database lives, in a form that a copy of it elsewhere does not share."""

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_found: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # by the driver's connection, which ends when a server goes
MACHINE = Path("/etc/machine-id")


def home() -> str:
    """PostgreSQL: the cluster and the number of the database in it, which a physical replica shares and a restored dump
    does not. SQLite: the machine, the path and the file itself; not its disk, whose number changes from boot to boot."""
    connection.ensure_connection()
    if connection.vendor != "postgresql":
        return _file(str(connection.settings_dict["NAME"]))
    if connection.connection not in _found:
        _found[connection.connection] = _cluster()
    return _found[connection.connection]


def _cluster() -> str:
    """A server that does not name its cluster to this account is known by the number of the database alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
        system = "(SELECT system_identifier FROM pg_control_system())" if cursor.fetchone()[0] else "0"
        cursor.execute(f"SELECT {system}, oid FROM pg_database WHERE datname = current_database()")
        cluster, database = cursor.fetchone()
    return f"postgresql {cluster} {database}"


def _file(name: str) -> str:
    path = Path(name)
    if not path.is_file():
        return "sqlite in memory"
    machine = MACHINE.read_text(encoding="ascii", errors="replace").strip() if MACHINE.is_file() else ""
    return f"sqlite {machine} {path.stat().st_ino} {path.resolve()}"[:400]
