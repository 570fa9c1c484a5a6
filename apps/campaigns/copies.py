"""A campaign once more: a draft of the same kind at another time."""

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import record
from apps.windows import services as windows

from . import services
from .models import Campaign
from .wishes import TEXTS


@transaction.atomic
def duplicate(campaign: Campaign, *, title: str, starts_at: datetime, actor: User | None, now: datetime) -> Campaign:
    """Drafts a window of the same length with the same texts, services, owner and plan, what was decided by hand included.

    Nobody hears of it before it is scheduled. Raises WindowError where a window cannot be at that time.
    """
    window = campaign.window
    further = windows.create_window(
        title=title,
        services=list(window.services.all()),
        starts_at=starts_at,
        ends_at=starts_at + window.duration,
        announced_ends_at=starts_at + (window.announced_ends_at - window.starts_at),
        time_zone=window.time_zone,
        impact=window.impact,
        heavy_traffic=window.heavy_traffic,
        starts_automatically=window.starts_automatically,
        language=window.language,
        actor=actor,
        now=now,
        **{name: getattr(window, name) for name in TEXTS if name != "title"},
    )
    for row in window.translations.all():
        texts = {name: getattr(row, name) for name in TEXTS}
        windows.edit_texts(further, language=row.language, actor=actor, now=now, **texts)
    copied = services.open_like(campaign, further, actor=actor, now=now)
    record("campaign.duplicated", subject=copied, actor=actor, now=now, of=str(window))
    return copied
