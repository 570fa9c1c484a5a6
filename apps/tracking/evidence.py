"""What came back to deliveries in doubt without settling them, for the page of doubts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from apps.common.labels import labelled
from apps.delivery.evidence import Sign

from .models import Event


def signs(deliveries: Collection[int]) -> Mapping[int, Sequence[Sign]]:
    """In the words of the events; one query."""
    found: dict[int, list[Sign]] = defaultdict(list)
    for event in Event.objects.filter(delivery__in=deliveries):
        said = event.detail.get("response") or event.detail.get("description") or ""
        words = labelled(event.get_type_display(), said) if said else event.get_type_display()
        found[event.delivery_id].append(Sign(at=event.at, words=f"{words} ({event.source})"))
    return found
