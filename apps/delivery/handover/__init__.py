"""Hands the messages of a marked batch over, by one connection or several, and keeps note of each.

Between two messages the brake is asked; right before a message leaves it passes its gate, where the message's beginning
is known to stand in the journal. So what a killed worker leaves in doubt is one message per connection at most; or,
where a provider takes many in one call, one call per connection.
"""

from collections.abc import Sequence

from apps.channels.contract import Transport

from .brake import Brake
from .convoy import work_by_convoy
from .lanes import work_by_lanes
from .shared import HandOver, Run

__all__ = ("Brake", "HandOver", "Run", "hand_over")


def hand_over(shared: HandOver, transports: Sequence[Transport]) -> Run:
    """Works through the messages. One without an outcome in the result was not handed over."""
    work_by_convoy(shared, transports)
    if shared.may_go_on:
        work_by_lanes(shared, transports)
    return shared.run
