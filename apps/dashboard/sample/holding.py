"""The sample in nobody else's hands: a worker may be about to mark or to settle one of its batches."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.campaigns.models import Campaign, Touchpoint
from apps.delivery.models import Batch, Delivery
from apps.windows.models import MaintenanceWindow

LONGEST_WAIT_SECONDS = 5.0  # the engine holds a row for an exchange with the database, never while a provider answers
POLL_SECONDS = 0.05
# PostgreSQL's: lock_not_available, deadlock_detected. https://www.postgresql.org/docs/current/errcodes-appendix.html
BUSY = ("55P03", "40P01")
Done = TypeVar("Done")


class SampleInUse(Exception):
    """Why the sample cannot be removed just now, as a sentence."""


def with_all_in_hand(windows: QuerySet[MaintenanceWindow], deed: Callable[[], Done]) -> Done:
    """Does `deed` in a transaction, while nobody else has a row of the `windows` or of what is sent about them in hand.

    The engine takes a touchpoint before its batch to mark it, and a batch before its touchpoint to close it: no order fits
    both. So all of it is taken or nothing, and nobody is waited for while any of it is held. Raises SampleInUse.
    """
    ends = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        try:
            with transaction.atomic():
                _take(windows)
                return deed()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in BUSY:
                raise
            if time.monotonic() >= ends:
                raise SampleInUse(_("Something of the sample is being sent just now. Try again in a moment.")) from error
        time.sleep(POLL_SECONDS)


def _take(windows: QuerySet[MaintenanceWindow]) -> None:
    campaigns = Campaign.objects.filter(window__in=windows)
    touchpoints = Touchpoint.objects.filter(campaign__in=campaigns)
    batches = Batch.objects.filter(touchpoint__in=touchpoints)
    deliveries = Delivery.objects.filter(touchpoint__in=touchpoints)
    for rows in (windows, campaigns, touchpoints, batches, deliveries):
        list(rows.order_by("pk").select_for_update(of=("self",), nowait=True).values_list("pk", flat=True))
