"""What speaks for or against the arrival of a message in doubt.

Attempts and look-ups stand in this app. Who knows more registers a source; this app does not know by whom it is asked.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from apps.common.labels import labelled

from .models import Delivery, LookUpAnswer


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One thing that is known of a delivery."""

    at: datetime
    words: str


Source = Callable[[Collection[int]], Mapping[int, Sequence[Sign]]]  # of the numbers of deliveries; one query
_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def signs(deliveries: Iterable[Delivery]) -> dict[int, list[Sign]]:
    """The signs of each, in the order of time. `attempt_log` and `look_up` are best fetched with the deliveries."""
    found = {delivery.pk: [*_attempts(delivery), *_look_up(delivery)] for delivery in deliveries}
    for source in _sources:
        for pk, more in source(found.keys()).items():
            found[pk] += more
    return {pk: sorted(of_one, key=lambda sign: sign.at) for pk, of_one in found.items()}


def _attempts(delivery: Delivery) -> list[Sign]:
    """The last hand-over alone: those before it were not in doubt, or have been repeated since."""
    attempts = list(delivery.attempt_log.all())
    if not attempts:
        return []
    last = attempts[-1]
    said = f"{last.code} {last.text}".strip()
    return [Sign(at=last.at, words=_("The connection or the provider said: %(text)s") % {"text": said})] if said else []


def _look_up(delivery: Delivery) -> list[Sign]:
    look_up = getattr(delivery, "look_up", None)
    if look_up is None:
        return []
    words = str(LookUpAnswer(look_up.answer).label)
    return [Sign(at=look_up.at, words=labelled(words, look_up.text) if look_up.text else words)]
