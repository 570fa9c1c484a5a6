from django import template
from django.urls import NoReverseMatch, reverse

from apps.campaigns.models import Campaign

register = template.Library()


@register.simple_tag
def dashboard_link(view: str, campaign: Campaign | None = None) -> str:
    """The address of a dashboard view (`overview`, `live`, `review`), or nothing where there is none."""
    try:
        return reverse(f"dashboard:{view}", args=[campaign.pk] if campaign else [])
    except NoReverseMatch:
        return ""
