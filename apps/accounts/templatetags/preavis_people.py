from datetime import datetime

from django import template
from django.utils.translation import get_language

from apps.common.times import format_instant

from ..models import User
from ..people import person_words

register = template.Library()


@register.filter
def person(user: User | None) -> str:
    """By their full name where it is known."""
    return person_words(user)


@register.filter
def may(user: User, permission: str) -> bool:
    """Whether a link is of use to `user`; without a permission it is to everybody."""
    return not permission or user.has_perm(permission)


@register.filter
def instant(at: datetime, zone: str) -> str:
    """“Tuesday 24 November 2026, 02:00 (Paris time, UTC+01:00)” for a reader in `zone`."""
    return format_instant(at, zone=zone, language=get_language() or "en")
