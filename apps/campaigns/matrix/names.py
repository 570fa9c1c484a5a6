from collections.abc import Iterable, Mapping
from types import MappingProxyType

from apps.audiences.models import Segment
from apps.channels.models import Channel

from ..planner import CellKey


def names_of(cells: Iterable[CellKey], *, moments: Mapping[str, str] = MappingProxyType({})) -> dict[CellKey, str]:
    """“t-7d · Customers · E-mail”, as sentences and the audit trail name a cell; `moments`: other words than their keys."""
    cells = list(cells)
    segments = Segment.objects.in_bulk({cell.segment_id for cell in cells if cell.segment_id})
    channels = Channel.objects.in_bulk({cell.channel_id for cell in cells})

    def words(cell: CellKey) -> str:
        people = [str(segments[cell.segment_id])] if cell.segment_id else []
        return " · ".join([moments.get(cell.step_key, cell.step_key), *people, str(channels[cell.channel_id])])

    return {cell: words(cell) for cell in cells}
