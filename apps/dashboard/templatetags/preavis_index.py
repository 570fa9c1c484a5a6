from django import template
from django.utils import timezone

from apps.accounts.models import User

from ..metrics.today import Attention, Today, approvals_waiting, today

register = template.Library()


@register.simple_tag
def planner_today() -> Today:
    """For the first page of the admin, which has no view of ours."""
    return today(now=timezone.now())


@register.simple_tag
def waiting_for(user: User) -> list[Attention]:
    """What waits for this person's word."""
    return list(approvals_waiting(user))
