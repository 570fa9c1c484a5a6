"""Who a touchpoint is for, as querysets: nothing here reads a row."""

from typing import Any, NamedTuple, Self, TypeVar

from django.db.models import CharField, Exists, Expression, F, Max, Model, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, Lower, RowNumber

from apps.audiences.models import Contact
from apps.campaigns.models import OPEN_STATES, Audience, Touchpoint
from apps.campaigns.recipients import addressed as recipients_by_address
from apps.campaigns.recipients import suppressions
from apps.windows.models import WindowRevision, WindowStatus

from .models import TOLD_STATES, Delivery, DeliveryState

Row = TypeVar("Row", bound=Model)


class Span(NamedTuple):
    """Contacts by their numbers: those behind `after`, as far as the `last`, or all the rest."""

    after: int = 0
    last: int | None = None

    def of(self, rows: QuerySet[Row], *, field: str) -> QuerySet[Row]:
        """Those of `rows` whose contact, which `field` names, is in it."""
        if self.after:
            rows = rows.filter(**{f"{field}__gt": self.after})
        return rows if self.last is None else rows.filter(**{f"{field}__lte": self.last})


EVERYBODY = Span()


def next_span(touchpoint: Touchpoint, *, after: int, size: int) -> Span:
    """The next `size` people of the touchpoint's segment, or all that are left."""
    assert touchpoint.segment is not None, "a segment touchpoint has a segment"
    rest = Span(after).of(touchpoint.segment.contacts(), field="pk").order_by("pk")
    ends = list(rest.values_list("pk", flat=True)[size - 1 : size + 1])
    return Span(after, ends[0] if len(ends) > 1 else None)


def recipients(touchpoint: Touchpoint, *, span: Span = EVERYBODY) -> QuerySet[Contact]:
    """The people to write to, each once: whoever the same moment has reached already is left out."""
    people: QuerySet[Contact]
    if touchpoint.audience == Audience.TOLD:
        people = Contact.objects.filter(pk__in=told_otherwise(touchpoint).values("contact"))
    else:
        assert touchpoint.segment is not None, "a segment touchpoint has a segment"
        chosen = span.of(touchpoint.segment.contacts(), field="pk")
        before = Delivery.objects.told().filter(touchpoint=touchpoint, revision__lt=touchpoint.revision)
        people = without(chosen, before, span=span)
        people = without(people, _told_by_fallback(touchpoint), span=span)
    return without(people, at_siblings(touchpoint), span=span).order_by()


def without(people: QuerySet[Contact], deliveries: QuerySet[Delivery], *, span: Span = EVERYBODY) -> QuerySet[Contact]:
    """`people`, who are in `span`, but for those in `deliveries`. Mostly there are none, and then the statement had better
    not ask."""
    deliveries = span.of(deliveries.order_by(), field="contact")
    if not deliveries.exists():
        return people
    return people.filter(~Exists(deliveries.filter(contact=OuterRef("pk"))))


def told_otherwise(touchpoint: Touchpoint) -> QuerySet[Delivery]:
    """Deliveries of the touchpoint's column to those whose last news, by this channel, is not what holds now."""
    told = Delivery.objects.told().filter(touchpoint__campaign=touchpoint.campaign_id, touchpoint__channel=touchpoint.channel_id)
    column = told.filter(touchpoint__segment=touchpoint.segment_id)
    false_now = false_revisions(touchpoint)
    if touchpoint.channel.is_broadcast:
        last = column.order_by("-revision").values("revision")[:1]
        return column.filter(revision=Subquery(last), revision__in=false_now)
    last_news = told.order_by().values("contact").annotate(last=Max("revision")).filter(last__in=false_now)
    return column.filter(contact__isnull=False, contact__in=last_news.values("contact"))


def false_revisions(touchpoint: Touchpoint) -> list[int]:
    """The revisions of the window whose times, or whose taking place at all, differ from the touchpoint's own."""
    rows = {row.number: row for row in WindowRevision.objects.filter(window__campaign=touchpoint.campaign_id)}
    holds = rows.get(touchpoint.revision)
    return [number for number, row in rows.items() if holds is None or _promise(row) != _promise(holds)]


def addressed(people: QuerySet[Contact], touchpoint: Touchpoint) -> QuerySet[Any]:
    """`people` with the `address` of their delivery-to-be, the `reason` to leave them out (empty: none), and their
    `place` among those of that reason."""
    found = recipients_by_address(
        people, kind=touchpoint.channel.kind, segment_id=touchpoint.segment_id, is_mandatory=touchpoint.is_mandatory
    )
    placed: QuerySet[Any] = found.annotate(place=Window(RowNumber(), partition_by="reason", order_by="pk"))
    return placed


class Stops(NamedTuple):
    """What decides which suppressions keep an address from a touchpoint."""

    kind: str
    is_mandatory: bool
    segment_id: int | None

    @classmethod
    def of(cls, touchpoint: Touchpoint) -> Self:
        return cls(touchpoint.channel.kind, touchpoint.is_mandatory, touchpoint.segment_id)


def suppression_now(stops: Stops) -> Expression:
    """For deliveries of a touchpoint: why their address is not to be used, which somebody may have asked for since they
    were written. A mandatory one stops at dead and blocked addresses only."""
    here = Q(segment__isnull=True) | Q(segment=stops.segment_id)
    rows = suppressions(stops.kind, is_mandatory=stops.is_mandatory).filter(here, address=Lower(OuterRef("address")))
    return Coalesce(Subquery(rows.values("reason")[:1]), Value(""), output_field=CharField())


def at_siblings(touchpoint: Touchpoint) -> QuerySet[Delivery]:
    """Deliveries of the same moment by the same channel through another segment that reached people, or are about to."""
    still_to_leave = Q(state=DeliveryState.PENDING, touchpoint__state__in=OPEN_STATES, revision=F("touchpoint__revision"))
    siblings = Touchpoint.objects.filter(
        campaign=touchpoint.campaign_id,
        step_key=touchpoint.step_key,
        occurrence=touchpoint.occurrence,
        channel=touchpoint.channel_id,
    ).exclude(pk=touchpoint.pk)
    reached = Q(state__in=(*TOLD_STATES, DeliveryState.FAILED)) | still_to_leave
    return Delivery.objects.filter(reached, touchpoint__in=list(siblings.values_list("pk", flat=True)))


def _told_by_fallback(touchpoint: Touchpoint) -> QuerySet[Delivery]:
    """Deliveries of the same moment by a second channel, from before it was planned anew, that reached people."""
    fallbacks = Touchpoint.objects.filter(
        campaign=touchpoint.campaign_id,
        step_key=touchpoint.step_key,
        occurrence=touchpoint.occurrence,
        audience=Audience.FAILED,
    )
    return Delivery.objects.told().filter(touchpoint__in=list(fallbacks.values_list("pk", flat=True)))


def _promise(row: WindowRevision) -> tuple[object, ...]:
    return row.starts_at, row.ends_at, row.announced_ends_at, row.status == WindowStatus.CANCELLED
