"""A touchpoint whose segment's rule is broken waits, with a reason that its planner reads, until somebody has mended it.

It is tried again by itself. Meanwhile it is not due for the clock, so that neither does a worker fail each second nor is it
said that nobody does the work.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from apps.audiences.rules import RuleError
from apps.campaigns.models import Reason, Touchpoint

from .expand import Expanded, expand_touchpoint
from .models import Expansion
from .policy import PORTION_SIGN_OF_LIFE

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=15)  # between two tries


def expand_or_wait(touchpoint_id: int, *, now: datetime) -> Expanded:
    """`expand_touchpoint`, but for a broken rule, over which that raises RuleError: then the touchpoint waits."""
    try:
        return expand_touchpoint(touchpoint_id, now=now)
    except RuleError as error:
        logger.warning("Touchpoint %s waits for the rule of its segment to be mended: %s", touchpoint_id, error)
        put_off(touchpoint_id, now=now)
        return Expanded.NOT_NOW


@transaction.atomic
def put_off(touchpoint_id: int, *, now: datetime) -> None:
    """To a little later: all of it, or what is not written yet of one that has been begun."""
    row = Touchpoint.objects.filter(pk=touchpoint_id)
    row.select_for_update(no_key=True).first()  # whoever stops it meanwhile comes before this, and is seen, or behind it
    if row.due_for_expansion(now).update(reason=Reason.RULE_BROKEN, expand_at=now + PAUSE):
        return
    begun = Expansion.objects.to_finish(now).filter(touchpoint=touchpoint_id)
    if begun.update(written_at=now + PAUSE - PORTION_SIGN_OF_LIFE):
        row.update(reason=Reason.RULE_BROKEN)
