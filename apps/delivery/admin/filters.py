from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.campaigns.models import Campaign, Touchpoint
from apps.campaigns.moments import touchpoint_words
from apps.channels.models import Channel

from ..consequences import grouped
from ..models import Delivery
from ..reasons import sentence

MOST_CHOICES = 30


class Counted(admin.SimpleListFilter):
    """A filter of doubts by `path` that says how many each choice has, the most first: so it groups them, too."""

    path = ""

    def counted(self, rows: QuerySet[Delivery]) -> dict[Any, int]:
        counts = rows.order_by().values_list(self.path).annotate(number=Count("pk")).order_by("-number")
        return dict(counts[:MOST_CHOICES])

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        counts = self.counted(self.narrowed(Delivery.objects.in_doubt(), request))
        names = self.names(counts, request)
        return [(str(key), f"{names.get(key, key)} ({grouped(number)})") for key, number in counts.items()]

    def narrowed(self, rows: QuerySet[Delivery], request: HttpRequest) -> QuerySet[Delivery]:
        return rows

    def names(self, counts: Mapping[Any, int], request: HttpRequest) -> Mapping[Any, str]:
        return {}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        is_sound = value.isdigit() or self.path == "reason"
        return queryset.filter(**{self.path: value}) if is_sound else queryset.none()


class WindowFilter(Counted):
    title = _("maintenance window")
    parameter_name = "campaign"
    path = "touchpoint__campaign"

    def names(self, counts: Mapping[Any, int], request: HttpRequest) -> Mapping[Any, str]:
        return {row.pk: str(row) for row in Campaign.objects.filter(pk__in=counts).select_related("window")}


class TouchpointFilter(Counted):
    """The touchpoints of the chosen window; of all, while none is chosen."""

    title = _("touchpoint")
    parameter_name = "touchpoint"
    path = "touchpoint"

    def narrowed(self, rows: QuerySet[Delivery], request: HttpRequest) -> QuerySet[Delivery]:
        campaign = request.GET.get(WindowFilter.parameter_name, "")
        return rows.filter(touchpoint__campaign=int(campaign)) if campaign.isdigit() else rows

    def names(self, counts: Mapping[Any, int], request: HttpRequest) -> Mapping[Any, str]:
        rows = Touchpoint.objects.filter(pk__in=counts).select_related("campaign__window", "step", "channel", "segment")
        is_narrowed = bool(request.GET.get(WindowFilter.parameter_name))
        named: dict[int, list[object]] = {row.pk: [touchpoint_words(row), row.segment, row.channel] for row in rows}
        for row in () if is_narrowed else rows:
            named[row.pk].append(row.campaign)
        return {pk: ", ".join(str(part) for part in parts if part) for pk, parts in named.items()}


class ChannelFilter(Counted):
    title = _("channel")
    parameter_name = "channel"
    path = "touchpoint__channel"

    def names(self, counts: Mapping[Any, int], request: HttpRequest) -> Mapping[Any, str]:
        return {row.pk: str(row) for row in Channel.objects.filter(pk__in=counts)}


class DoubtReasonFilter(Counted):
    title = _("why")
    parameter_name = "reason"
    path = "reason"

    def names(self, counts: Mapping[Any, int], request: HttpRequest) -> Mapping[Any, str]:
        return {key: sentence(key) for key in counts}
