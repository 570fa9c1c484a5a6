"""Which text a touchpoint uses: the most specific one there is."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from apps.channels.models import ChannelKind

from ..models import MessageTemplate, Touchpoint
from .errors import ContentError
from .phrases import FALLBACK_LANGUAGE

# A mail cut to text messages would be sent, and paid, in a dozen parts: SMS has texts of its own or none.
OWN_TEXTS_ONLY = (ChannelKind.SMS,)


def templates_for(touchpoint: Touchpoint) -> list[MessageTemplate]:
    """Every text that some recipient of the touchpoint may get. One query."""
    kinds = {touchpoint.channel.kind} if touchpoint.channel.kind in OWN_TEXTS_ONLY else {touchpoint.channel.kind, ""}
    rows = MessageTemplate.objects.filter(content_key=touchpoint.content_key, channel_kind__in=kinds)
    return [row for row in rows if row.segment_id in (None, touchpoint.segment_id)]


def choose(templates: Iterable[MessageTemplate], *, touchpoint: Touchpoint, language: str) -> MessageTemplate:
    """In the recipient's language, else in English; within one, by channel kind before segment, the special before the general."""
    kind = touchpoint.channel.kind
    rows = {(row.language, row.channel_kind, row.segment_id): row for row in templates}
    wanted = [
        (spoken, fitting_kind, segment)
        for spoken in (language, FALLBACK_LANGUAGE)
        for fitting_kind in (kind, "")
        for segment in (touchpoint.segment_id, None)
    ]
    found = next((rows[key] for key in wanted if key in rows), None)
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
