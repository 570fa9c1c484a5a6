from .brand import Brand, Logo
from .cells import HandMadeCell
from .playbooks import Anchor, Playbook, Step, Urgency, WhenLate
from .templates import MessageTemplate
from .texts import TouchpointText
from .touchpoints import (
    FALLBACK_TRANSITIONS,
    OPEN_STATES,
    RETRY_TRANSITIONS,
    STILL_TO_LEAVE,
    TOUCHPOINT_TRANSITIONS,
    Audience,
    Campaign,
    Reason,
    Touchpoint,
    TouchpointQuerySet,
    TouchpointState,
)

__all__ = [
    "FALLBACK_TRANSITIONS",
    "OPEN_STATES",
    "RETRY_TRANSITIONS",
    "STILL_TO_LEAVE",
    "TOUCHPOINT_TRANSITIONS",
    "Anchor",
    "Audience",
    "Brand",
    "Campaign",
    "HandMadeCell",
    "Logo",
    "MessageTemplate",
    "Playbook",
    "Reason",
    "Step",
    "Touchpoint",
    "TouchpointQuerySet",
    "TouchpointState",
    "TouchpointText",
    "Urgency",
    "WhenLate",
]
