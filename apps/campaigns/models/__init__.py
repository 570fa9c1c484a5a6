from .approvals import Approval, ApprovalQuerySet, ApprovalState
from .brand import Brand, Logo
from .cells import HandMadeCell
from .people import Part, Responsibility
from .playbooks import OWN_KEY, Anchor, Playbook, Step, Urgency, WhenLate
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
    "OWN_KEY",
    "RETRY_TRANSITIONS",
    "STILL_TO_LEAVE",
    "TOUCHPOINT_TRANSITIONS",
    "Anchor",
    "Approval",
    "ApprovalQuerySet",
    "ApprovalState",
    "Audience",
    "Brand",
    "Campaign",
    "HandMadeCell",
    "Logo",
    "MessageTemplate",
    "Part",
    "Playbook",
    "Reason",
    "Responsibility",
    "Step",
    "Touchpoint",
    "TouchpointQuerySet",
    "TouchpointState",
    "TouchpointText",
    "Urgency",
    "WhenLate",
]
