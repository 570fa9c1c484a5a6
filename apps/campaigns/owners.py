"""Who sees to it that a touchpoint is said: its cell's owner, else its step's, else the campaign's."""

from apps.accounts.models import User

from .models import Audience, HandMadeCell, Touchpoint


def owner_of(touchpoint: Touchpoint) -> User | None:
    """None where nobody was named anywhere; asks what was decided by hand, which may be newer than the plan."""
    cell = HandMadeCell.objects.filter(
        campaign=touchpoint.campaign_id,
        step_key=touchpoint.step_key,
        segment=touchpoint.segment_id,
        channel=touchpoint.channel_id,
    )
    by_hand = cell.filter(owner__isnull=False).select_related("owner").first()
    if by_hand is not None:
        return by_hand.owner
    return _owner_of_step(touchpoint) or touchpoint.campaign.owner


def _owner_of_step(touchpoint: Touchpoint) -> User | None:
    """A cell that was switched on by hand names a step that it is only like."""
    step = touchpoint.step
    if step is None:
        return None
    is_its_own = (step.segment_id, step.channel_id) == (touchpoint.segment_id, touchpoint.channel_id)
    return step.owner if is_its_own or touchpoint.audience == Audience.FAILED else None
