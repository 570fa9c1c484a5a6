"""Which text a touchpoint uses: the most specific one there is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Self

from django.utils.translation import gettext as _

from apps.channels.models import ChannelKind

from ..models import STILL_TO_LEAVE, MessageTemplate, Touchpoint
from .errors import ContentError
from .phrases import FALLBACK_LANGUAGE

# A mail cut to text messages would be sent, and paid, in a dozen parts: SMS has texts of its own or none.
OWN_TEXTS_ONLY = (ChannelKind.SMS,)


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a text is wanted for: everything that decides which one is used."""

    content_key: str
    channel_kind: str
    segment_id: int | None
    urgency: str

    @classmethod
    def of(cls, touchpoint: Touchpoint) -> Self:
        return cls(
            content_key=touchpoint.content_key,
            channel_kind=touchpoint.channel.kind,
            segment_id=touchpoint.segment_id,
            urgency=touchpoint.urgency,
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The special before the general."""
        return (self.channel_kind,) if self.channel_kind in OWN_TEXTS_ONLY else (self.channel_kind, "")

    def wanted(self, language: str) -> Iterator[tuple[str, str, str, int | None]]:
        """Language, kind, urgency and segment of each text that would do, the best first."""
        languages = dict.fromkeys((language, FALLBACK_LANGUAGE))
        yield from product(languages, self.kinds, (self.urgency, ""), dict.fromkeys((self.segment_id, None)))


def templates_for(touchpoint: Touchpoint) -> list[MessageTemplate]:
    """Every text that some recipient of the touchpoint may get. One query."""
    use = Use.of(touchpoint)
    texts = MessageTemplate.objects.active()
    rows = texts.filter(content_key=use.content_key, channel_kind__in=use.kinds, urgency__in=(use.urgency, ""))
    return [row for row in rows if row.segment_id in (None, use.segment_id)]


def best(templates: Iterable[MessageTemplate], *, use: Use, language: str) -> MessageTemplate | None:
    """In the recipient's language, else in English; within one, by channel kind before urgency before segment."""
    rows = {
        (row.language, row.channel_kind, row.urgency, row.segment_id): row
        for row in templates
        if row.content_key == use.content_key
    }
    return next((rows[key] for key in use.wanted(language) if key in rows), None)


def choose(templates: Iterable[MessageTemplate], *, touchpoint: Touchpoint, language: str) -> MessageTemplate:
    """The best there is; raises ContentError where there is none."""
    found = best(templates, use=Use.of(touchpoint), language=language)
    if found is None:
        raise ContentError(
            _("There is no text “%(key)s” in %(language)s or English for the channel “%(channel)s” (%(kind)s).")
            % {
                "key": touchpoint.content_key,
                "language": language,
                "channel": touchpoint.channel,
                "kind": touchpoint.channel.get_kind_display(),
            }
        )
    return found


def left_without(template: MessageTemplate) -> bool:
    """Whether something still to leave would have no text without `template`."""
    waiting = Touchpoint.objects.filter(state__in=STILL_TO_LEAVE, content_key=template.content_key)
    if template.segment_id:
        waiting = waiting.filter(segment=template.segment_id)
    if template.channel_kind:
        waiting = waiting.filter(channel__kind=template.channel_kind)
    places = {(row.channel_id, row.segment_id, row.urgency): row for row in waiting.select_related("channel").iterator()}
    for touchpoint in places.values():
        others = [row for row in templates_for(touchpoint) if row.pk != template.pk]
        try:
            choose(others, touchpoint=touchpoint, language=template.language)
        except ContentError:
            return True
    return False
