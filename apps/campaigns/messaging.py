"""The messaging matrix: which text each message of a playbook or a campaign uses, and where it falls back to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.audiences.models import Segment
from apps.channels.models import Channel, ChannelKind

from .content.choice import Use, best
from .languages import language_name
from .models import Campaign, MessageTemplate, Playbook, Urgency
from .plans import campaign_steps
from .touchpoints import CORRECTION_CONTENT

Place = tuple[Segment | None, str]  # for whom, and by which kind of channel


@dataclass(frozen=True, kw_only=True)
class Text:
    """The text of one message in one language; `template` is None where there is none."""

    language: str
    use: Use
    template: MessageTemplate | None

    @property
    def is_translated(self) -> bool:
        return self.template is not None and self.template.language == self.language

    @property
    def language_name(self) -> str:
        return language_name(self.language)

    @property
    def style(self) -> str:
        return "bad" if self.template is None else "ok" if self.is_translated else "warn"

    @property
    def is_own(self) -> bool:
        """Made for this segment, this kind of channel and this language."""
        made = self.template
        return made is not None and (made.segment_id, made.channel_kind, made.language) == (
            self.use.segment_id,
            self.use.channel_kind,
            self.language,
        )

    @property
    def origin(self) -> str:
        """“all segments / E-mail / English”."""
        made = self.template
        if made is None:
            return ""
        parts = [
            str(made.segment) if made.segment else _("all segments"),
            made.get_channel_kind_display() if made.channel_kind else _("every channel"),
            *([made.get_urgency_display()] if made.urgency else []),
            language_name(made.language),
        ]
        return " / ".join(map(str, parts))

    @property
    def url(self) -> str:
        return reverse("admin:campaigns_messagetemplate_change", args=[self.template.pk]) if self.template else ""

    @property
    def add_url(self) -> str:
        """A new text for exactly this, which begins as the one used so far; nothing where there is one already."""
        made = self.template
        if self.is_own and made is not None and made.urgency:
            return ""
        asked = {
            "content_key": self.use.content_key,
            "language": self.language,
            "channel_kind": self.use.channel_kind,
            "segment": self.use.segment_id or "",
            "urgency": self.use.urgency if self.is_own else "",
            "copy": made.pk if made else "",
        }
        return (
            f"{reverse('admin:campaigns_messagetemplate_add')}?{urlencode({key: value for key, value in asked.items() if value})}"
        )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`texts` is empty where nothing is said there; `is_by_hand` where that was decided for one campaign alone."""

    heading: str
    texts: Sequence[Text]
    is_by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    content_key: str
    urgency: str
    is_correction: bool
    cells: Sequence[Cell]

    @property
    def urgency_name(self) -> str:
        return str(Urgency(self.urgency).label)

    @property
    def is_urgent(self) -> bool:
        return self.urgency == Urgency.URGENT


@dataclass(frozen=True, kw_only=True)
class MessagingMatrix:
    headings: Sequence[str]
    rows: Sequence[Row]

    @property
    def texts(self) -> list[Text]:
        return [text for row in self.rows for cell in row.cells for text in cell.texts]

    @property
    def missing(self) -> int:
        return sum(text.template is None for text in self.texts)

    @property
    def untranslated(self) -> int:
        return sum(text.template is not None and not text.is_translated for text in self.texts)


@dataclass(frozen=True, kw_only=True)
class _Saying:
    """What a step says, and where; to those whom its channel does not reach, too."""

    content_key: str
    urgency: str
    places: Sequence[Place]
    is_by_hand: bool = False


def messaging_matrix(playbook: Playbook, *, campaign: Campaign | None = None) -> MessagingMatrix:
    """Of the playbook in two queries: the steps with whom they speak to, and the texts.

    `campaign`: of its plan, with the moments and cells that were made by hand.
    """
    steps = _of_campaign(campaign) if campaign else _of_playbook(playbook)
    places = list(dict.fromkeys(place for step in steps for place in step.places))
    by_plan = {(step.content_key, step.urgency, place) for step in steps for place in step.places if not step.is_by_hand}
    said = {(step.content_key, step.urgency, place) for step in steps for place in step.places}
    by_hand = said - by_plan
    said |= {(key, urgency, place) for key in CORRECTION_CONTENT.values() for urgency in Urgency.values for place in places}
    moments = dict.fromkeys((step.content_key, step.urgency) for step in steps)
    corrections = [(key, urgency) for key in CORRECTION_CONTENT.values() for urgency in Urgency.values]
    templates = _templates({key for key, _urgency in (*moments, *corrections)})
    rows = [
        Row(
            content_key=key,
            urgency=urgency,
            is_correction=(key, urgency) not in moments,
            cells=[
                Cell(
                    heading=_heading(place),
                    texts=list(_texts(templates, key, urgency, place)) if (key, urgency, place) in said else (),
                    is_by_hand=(key, urgency, place) in by_hand,
                )
                for place in places
            ],
        )
        for key, urgency in dict.fromkeys((*moments, *corrections))
        if places
    ]
    return MessagingMatrix(headings=[_heading(place) for place in places], rows=rows)


def _of_playbook(playbook: Playbook) -> list[_Saying]:
    return [
        _Saying(
            content_key=step.content_key,
            urgency=step.urgency,
            places=[(step.segment, channel.kind) for channel in (step.channel, step.fallback_channel) if channel],
        )
        for step in playbook.steps.select_related("segment", "channel", "fallback_channel")
    ]


def _of_campaign(campaign: Campaign) -> list[_Saying]:
    """What was taken out says nothing."""
    steps = [step for step in campaign_steps(campaign) if not step.is_taken_out]
    segments = Segment.objects.in_bulk({step.segment_id for step in steps if step.segment_id})
    channels = list(
        Channel.objects.filter(Q(pk__in={step.channel_id for step in steps}) | Q(name__in={step.otherwise for step in steps}))
    )
    kinds, seconds = {channel.pk: channel.kind for channel in channels}, {channel.name: channel.kind for channel in channels}
    return [
        _Saying(
            content_key=step.content_key,
            urgency=step.urgency,
            places=[
                (segments.get(step.segment_id or 0), kind)
                for kind in (kinds[step.channel_id], seconds.get(step.otherwise, ""))
                if kind
            ],
            is_by_hand=step.is_by_hand,
        )
        for step in steps
    ]


def _heading(place: Place) -> str:
    segment, kind = place
    label = str(ChannelKind(kind).label)
    return f"{segment} · {label}" if segment else label


def _templates(keys: Iterable[str]) -> QuerySet[MessageTemplate]:
    return MessageTemplate.objects.active().filter(content_key__in=keys).select_related("segment")


def _texts(templates: Iterable[MessageTemplate], key: str, urgency: str, place: Place) -> Iterable[Text]:
    segment, kind = place
    use = Use(content_key=key, channel_kind=kind, segment_id=segment.pk if segment else None, urgency=urgency)
    for language, _name in settings.LANGUAGES:
        yield Text(language=language, use=use, template=best(templates, use=use, language=language))
