from django import template
from django.utils import timezone

from ..metrics.today import Today, today

register = template.Library()


@register.simple_tag
def planner_today() -> Today:
    """For the first page of the admin, which has no view of ours."""
    return today(now=timezone.now())
