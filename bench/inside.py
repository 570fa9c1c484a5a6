"""What is done inside an installation, as a process of it; bench/installation.py asks, the answer is JSON.

python -m bench.inside scene 20000        the people, the text and the touchpoint, planned for the far future
python -m bench.inside punctual 100 10    so many small urgent touchpoints of so many people each
python -m bench.inside loop               claims and delivers in this process until nothing is due; seconds and functions
"""

import cProfile
import io
import json
import pstats
import sys
import time
from datetime import timedelta
from typing import Any

import django

from . import text

FAR = timedelta(days=30)
WARM_PEOPLE = 1600  # four batches: each worker process gets some


def scene(people: str, *marks: str) -> dict[str, int]:
    """`w` is the work; `warm` goes to a few people before, so that nobody is measured while still cold."""
    from apps.audiences.models import Contact

    rows = [text.person(number) for number in range(int(people))]
    if "mark" in marks:
        rows[0] = (*text.MARKED, f"marked@{text.GROUP}")
    contacts = (Contact(name=name, organisation=organisation, email=email) for name, organisation, email in rows)
    Contact.objects.bulk_create(contacts, batch_size=5000)
    Contact.objects.bulk_create(
        Contact(name="Warm", organisation="Warm", email=f"warm{number}@warm.example.org") for number in range(WARM_PEOPLE)
    )
    everybody = {"field": "organisation", "op": "starts_with", "value": "Organisation"}
    warm = {"field": "organisation", "op": "is", "value": "Warm"}
    return {"w": _touchpoint("w", rule={"all": [everybody]}), "warm": _touchpoint("warm", rule={"all": [warm]})}


def punctual(touchpoints: str, people: str, smtp_port: str) -> list[int]:
    """Each touchpoint writes to a domain of its own, so that the sink can tell when its first message came."""
    from apps.audiences.models import Contact

    made = []
    for number in range(int(touchpoints)):
        group = f"t{number}"
        Contact.objects.bulk_create(
            Contact(name=f"Cem {place}", organisation=group, email=f"cem{place}@{group}.example.org")
            for place in range(int(people))
        )
        rule = {"all": [{"field": "organisation", "op": "is", "value": group}]}
        made.append(_touchpoint(group, rule=rule, urgency="urgent", smtp_port=int(smtp_port)))
    return made


def loop(how: str = "plain", lines: str = "45", sort: str = "tottime") -> dict[str, Any]:
    """The worker's own task, called in this process; `profile` names the functions that cost most."""
    from django.db.models import Q

    from apps.delivery.models import Batch, Delivery
    from apps.delivery.tasks import work_batches

    def is_waiting() -> bool:
        return Batch.objects.filter(~Q(state="done"), touchpoint__step_key="w").exists()

    profile = cProfile.Profile()
    sent_before = Delivery.objects.filter(state="sent").count()
    began, cpu_began = time.perf_counter(), time.process_time()
    if how == "profile":
        profile.enable()
    while is_waiting():
        work_batches()
    profile.disable()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    listing = io.StringIO()
    if how == "profile":
        pstats.Stats(profile, stream=listing).sort_stats(sort).print_stats(int(lines))
    sent = Delivery.objects.filter(state="sent").count() - sent_before
    return {"sent": sent, "seconds": seconds, "cpu_seconds": cpu_seconds, "functions": listing.getvalue()}


def expand(touchpoint: str) -> dict[str, float]:
    from apps.delivery.tasks import expand_touchpoint

    began = time.perf_counter()
    expand_touchpoint(touchpoint_id=int(touchpoint))
    return {"seconds": time.perf_counter() - began}


def _touchpoint(key: str, *, rule: dict[str, Any], urgency: str = "routine", smtp_port: int = 0) -> int:
    from django.utils import timezone

    from apps.campaigns.models import MessageTemplate
    from apps.channels.models import Channel
    from apps.windows.models import Service
    from tests import factories

    now = timezone.now()
    fields = {"subject": text.SUBJECT, "body": text.BODY}
    MessageTemplate.objects.get_or_create(content_key=text.CONTENT_KEY, language="en", defaults=fields)
    slug = f"mail-{smtp_port}"
    config = {"host": "127.0.0.1", "port": smtp_port} if smtp_port else {}
    channel, _made = Channel.objects.get_or_create(slug=slug, defaults={"name": slug, "kind": "email", "config": config})
    texts = {"title": text.TITLE, "reason": text.REASON, "effect": text.EFFECT}
    known = Service.objects.filter(name__in=text.SERVICES)
    services = list(known) or [factories.make_service(name) for name in text.SERVICES]
    window = factories.make_window(starts_at=now + 2 * FAR, services=services, **texts)
    touchpoint = factories.make_touchpoint(
        campaign=factories.make_campaign(window=window),
        segment=factories.make_segment(rule, slug=f"bench-{key}", name=f"Bench {key}"),
        channel=channel,
        content_key=text.CONTENT_KEY,
        step_key=key,
        urgency=urgency,
        due_at=now + FAR,
    )
    return int(touchpoint.pk)


VERBS = {verb.__name__: verb for verb in (scene, punctual, loop, expand)}


def main() -> None:
    django.setup()
    json.dump(VERBS[sys.argv[1]](*sys.argv[2:]), sys.stdout)


if __name__ == "__main__":
    main()
