"""How many people a matrix shows, kept with the page: counting a hundred thousand of them again at each click helps nobody.

The counts travel signed, are believed for a while, and are made anew whenever the page is opened or saved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta

from django.core import signing

from ..board import Column
from ..reach import ColumnKey, Reach

SALT = "campaigns.matrix.counts"
BELIEVED_FOR = timedelta(minutes=10)


def keep_counts(columns: Iterable[Column]) -> str:
    rows = [[*column.key, asdict(column.reach)] for column in columns]
    return signing.dumps(rows, salt=SALT, compress=True)


def kept_counts(text: str) -> Mapping[ColumnKey, Reach]:
    """Nothing where they are too old, or not ours."""
    try:
        rows = signing.loads(text, salt=SALT, max_age=BELIEVED_FOR)
    except signing.BadSignature:
        return {}
    return {(segment, channel): Reach(**reach) for segment, channel, reach in rows}
