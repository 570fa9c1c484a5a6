from .batches import BATCH_TRANSITIONS, IN_HAND, Batch, BatchQuerySet, BatchState, Expansion
from .circuits import CIRCUIT_TRANSITIONS, Circuit, CircuitQuerySet, CircuitState
from .deliveries import (
    DELIVERY_TRANSITIONS,
    TOLD_STATES,
    UNSETTLED_STATES,
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryState,
    DoubtfulDelivery,
    Link,
    LookUp,
    LookUpAnswer,
)
from .installation import Installation, InstallationQuerySet, Pulse

__all__ = [
    "BATCH_TRANSITIONS",
    "CIRCUIT_TRANSITIONS",
    "DELIVERY_TRANSITIONS",
    "IN_HAND",
    "TOLD_STATES",
    "UNSETTLED_STATES",
    "Attempt",
    "Batch",
    "BatchQuerySet",
    "BatchState",
    "Circuit",
    "CircuitQuerySet",
    "CircuitState",
    "Delivery",
    "DeliveryQuerySet",
    "DeliveryState",
    "DoubtfulDelivery",
    "Expansion",
    "Installation",
    "InstallationQuerySet",
    "Link",
    "LookUp",
    "LookUpAnswer",
    "Pulse",
]
