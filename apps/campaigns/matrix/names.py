from collections.abc import Iterable

from apps.audiences.models import Segment
from apps.channels.models import Channel

from ..planner import CellKey


def names_of(cells: Iterable[CellKey]) -> dict[CellKey, str]:
    """“t-7d · Customers · E-mail”, as sentences and the audit trail name a cell."""
    cells = list(cells)
    segments = Segment.objects.in_bulk({cell.segment_id for cell in cells if cell.segment_id})
    channels = Channel.objects.in_bulk({cell.channel_id for cell in cells})

    def words(cell: CellKey) -> str:
        people = [str(segments[cell.segment_id])] if cell.segment_id else []
        return " · ".join([cell.step_key, *people, str(channels[cell.channel_id])])

    return {cell: words(cell) for cell in cells}
