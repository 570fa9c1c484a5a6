"""Whether any of many rows changed, asked in one figure."""

from typing import Any

from django.db.models import BigIntegerField, Func


class Ticks(Func):
    """An instant as microseconds within a round of 11 days: the sum over rows moves with each change of any of them.

    A maximum would not do: of two changes the earlier may be committed later. Within a round, because SQLite cannot add up
    larger figures.
    """

    arity = 1
    output_field = BigIntegerField()
    # A sign of percent passes two rounds of formatting: the template's and the parameters'.
    _SQLITE = (
        "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) %%%% 1000000 * 1000000"
        " + CAST(substr(%(expressions)s, 21) AS INTEGER)"
    )
    _POSTGRESQL = "MOD((date_part('epoch', %(expressions)s) * 1000000)::bigint, 1000000000000)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template=self._SQLITE, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template=self._POSTGRESQL, **context)
