"""How many were invited by their calendar, and what they answered. Two queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from apps.campaigns.models import Campaign
from apps.delivery.models import Delivery
from apps.tracking.models import Acknowledgement, Answer

from .schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Answers:
    """People, each by their last answer. Who answered to times that no longer hold is counted as `earlier` alone."""

    invited: int
    accepted: int
    declined: int
    tentative: int
    earlier: int

    @property
    def silent(self) -> int:
        return max(0, self.invited - self.accepted - self.declined - self.tentative - self.earlier)


def answers(campaign: Campaign, touchpoint_ids: Sequence[int], schedule: Schedule) -> Answers:
    invited = Delivery.objects.invited().told().filter(touchpoint__in=touchpoint_ids)
    people = invited.aggregate(number=Count("contact", distinct=True))["number"]
    holds, earlier = dict.fromkeys(Answer.values, 0), 0
    rows = Acknowledgement.objects.filter(campaign=campaign).order_by().values_list("answer", "sequence")
    for answer, sequence, number in rows.annotate(number=Count("pk")):
        if sequence < schedule.holds_since:
            earlier += number
        else:
            holds[answer] += number
    return Answers(
        invited=people,
        accepted=holds[Answer.ACCEPTED],
        declined=holds[Answer.DECLINED],
        tentative=holds[Answer.TENTATIVE],
        earlier=earlier,
    )
