"""What a drill does inside its installation, as a process of that installation; answers in JSON.

python -m tests.drills.scene campaign 300     a touchpoint to so many people, due now
python -m tests.drills.scene ledger           how many deliveries are in which state
"""

from django.db.models import Count
from django.utils import timezone

from apps.audiences.models import Contact
from apps.campaigns.models import MessageTemplate, Touchpoint
from apps.channels.models import Channel, ChannelKind
from apps.delivery.models import Attempt, Batch, Delivery
from tests import factories


def campaign(people: str, urgency: str = "routine") -> dict[str, object]:
    now = timezone.now()
    number = Touchpoint.objects.count()
    Contact.objects.bulk_create(
        Contact(email=f"cem{number}-{place}@example.org", name=f"Cem {place}", organisation=f"Drill {number}")
        for place in range(int(people))
    )
    MessageTemplate.objects.get_or_create(
        content_key="announce",
        language="en",
        defaults={"subject": "{{ window.title }}", "body": "Dear {{ contact.name }},\n\nwe work on it: {{ window.times }}."},
    )
    channel, _made = Channel.objects.get_or_create(slug="mail", defaults={"name": "Mail", "kind": ChannelKind.EMAIL})
    rule = {"all": [{"field": "organisation", "op": "is", "value": f"Drill {number}"}]}
    touchpoint = factories.make_touchpoint(
        campaign=factories.make_campaign(window=factories.make_window(starts_at=now + 30 * factories.DAY)),
        segment=factories.make_segment(rule, slug=f"drill-{number}", name=f"Drill {number}"),
        channel=channel,
        due_at=now,
        urgency=urgency,
        step_key=f"drill-{number}",
    )
    return {"touchpoint": touchpoint.pk}


def ledger() -> dict[str, object]:
    rows = Delivery.objects.values_list("state").annotate(count=Count("pk")).order_by()
    return {
        "states": dict(rows),
        "open": Touchpoint.objects.filter(state__in=("planned", "due", "sending")).count(),
        "batches": Batch.objects.count(),
        "attempts": Attempt.objects.count(),
        "doubted": list(Delivery.objects.filter(state__in=("in_doubt", "unknown")).values_list("address", flat=True)),
    }
