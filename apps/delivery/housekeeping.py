"""What heals and closes, every few seconds."""

import logging
from datetime import datetime

from django.db import DatabaseError

from apps.campaigns.approval.holding import hold_back_edited
from apps.campaigns.services import replan_enabled

from .closing import close_stopped, expire_past_use, finish_settled
from .doubts import resolve_doubts
from .fallback import send_fallbacks
from .look_ups import look_up_doubts
from .reaper import reap
from .rehearsing.sending import sweep_rehearsals

logger = logging.getLogger(__name__)


def sweep(now: datetime) -> None:
    """A verb that fails does not keep the others from their work."""
    verbs = (
        replan_enabled,
        hold_back_edited,
        reap,
        close_stopped,
        expire_past_use,
        look_up_doubts,
        resolve_doubts,
        send_fallbacks,
        finish_settled,
        sweep_rehearsals,
    )
    for verb in verbs:
        try:
            verb(now)
        except DatabaseError:
            raise
        except Exception:
            logger.exception("Housekeeping: %s failed", verb.__name__)
