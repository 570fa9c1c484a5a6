import pytest
from django.db import connection, connections


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL compiles statements")
@pytest.mark.django_db
def test_postgresql_compiles_no_statement():
    """Told after the connection begins: some poolers refuse one that begins with options."""
    fresh = connections.create_connection(connection.alias)
    try:
        with fresh.cursor() as cursor:
            cursor.execute("SHOW jit")
            assert cursor.fetchone() == ("off",)
    finally:
        fresh.close()
    assert "options" not in fresh.get_connection_params()
