"""Pages of tables that grow without end."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.functional import cached_property

COUNTED_UP_TO = 10_000


class EstimatingPaginator(Paginator):
    """Counts as far as it matters to a reader; beyond, it takes PostgreSQL's own estimate of a table that is not filtered.

    What is filtered is looked through once: the same look counts it, up to a bound, and finds the rows of the page. Pages beyond
    the bound are not offered, because nobody turns to page 200: they narrow the list.
    """

    @cached_property
    def _keys(self) -> list[Any] | None:
        """Of the rows in their order, one more than are counted; None for a whole table, which an index pages."""
        rows = self.object_list
        if not isinstance(rows, QuerySet) or not rows.query.where or rows.query.distinct:
            return None
        return list(rows.values_list("pk", flat=True)[: COUNTED_UP_TO + 1])

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return super().count
        if self._keys is not None:
            return min(len(self._keys), COUNTED_UP_TO)
        few = rows.order_by()[: COUNTED_UP_TO + 1].count()
        if few <= COUNTED_UP_TO or rows.query.where:
            return min(few, COUNTED_UP_TO)
        return _estimate(rows) or COUNTED_UP_TO

    def page(self, number: int | str) -> Page[Any]:
        rows = self.object_list
        if self._keys is None or not isinstance(rows, QuerySet):
            return super().page(number)
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        return Page(rows.filter(pk__in=self._keys[first : first + self.per_page]), number, self)


def _estimate(rows: QuerySet[Any]) -> int:
    """What PostgreSQL believes the table to hold since it was last looked through; 0 where nothing is known."""
    connection = connections[rows.db]
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table])
        found = cursor.fetchone()
    return max(int(found[0]), 0) if found else 0
