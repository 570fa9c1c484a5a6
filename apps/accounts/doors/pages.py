"""Pages of tables that grow without end."""

from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.functional import cached_property

COUNTED_UP_TO = 10_000


class EstimatingPaginator(Paginator):
    """Counts as far as it matters to a reader; beyond, it takes PostgreSQL's own estimate of a table that is not filtered.

    What is filtered and large is counted up to a bound: pages beyond are not offered, because nobody turns to page 200.
    """

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return super().count
        few = rows.order_by()[: COUNTED_UP_TO + 1].count()
        if few <= COUNTED_UP_TO:
            return few
        return (_estimate(rows) or few) if not rows.query.where else few


def _estimate(rows: QuerySet[Any]) -> int:
    """What PostgreSQL believes the table to hold since it was last looked through; 0 where nothing is known."""
    connection = connections[rows.db]
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table])
        found = cursor.fetchone()
    return max(int(found[0]), 0) if found else 0
