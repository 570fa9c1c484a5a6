"""Which languages the people of a campaign read."""

from collections import Counter
from functools import reduce
from operator import or_

from django.db.models import Count, Q

from apps.audiences.models import Contact, Segment
from apps.audiences.rules import RuleError

from .content import known_language
from .models import Campaign, Reason

NOT_IN_THE_PLAN = (Reason.STEP_REMOVED, Reason.TAKEN_OUT, Reason.BACK_TO_DRAFT)


def readers_of(campaign: Campaign) -> Counter[str]:
    """How many people of the segments in its plan read each language. One look through the contacts, whatever their number."""
    planned = campaign.touchpoints.exclude(reason__in=NOT_IN_THE_PLAN).order_by()
    named = Segment.objects.filter(pk__in=planned.values("segment"))
    conditions = [condition for segment in named if (condition := _condition(segment)) is not None]
    found: Counter[str] = Counter()
    if conditions:
        people = Contact.objects.active().filter(reduce(or_, conditions))
        for language, count in people.order_by().values_list("language").annotate(Count("pk")):
            found[known_language(language)] += count
    return found


def _condition(segment: Segment) -> Q | None:
    """A broken rule names nobody, and stops elsewhere."""
    try:
        return segment.condition
    except RuleError:
        return None
