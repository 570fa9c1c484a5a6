from django import template
from django.utils import timezone

from apps.accounts.models import User

from ..metrics.today import Attention, Today, approvals_waiting, today
from ..sample.services import ADMINISTRATES, why_not

register = template.Library()


@register.simple_tag
def planner_today() -> Today:
    """For the first page of the admin, which has no view of ours."""
    return today(now=timezone.now())


@register.simple_tag
def sample_is_offered(user: User) -> bool:
    return user.has_perm(ADMINISTRATES) and not why_not()


@register.simple_tag
def waiting_for(user: User) -> list[Attention]:
    """What waits for this person's word."""
    return list(approvals_waiting(user))
