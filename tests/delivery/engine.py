"""The engine's steps as tests walk them: plan, expand, claim, deliver."""

from datetime import datetime, timedelta

from apps.campaigns.models import Touchpoint
from apps.delivery import services, store
from apps.delivery.expand import Expanded, expand_touchpoint, expand_wholly
from apps.delivery.models import Batch, Delivery
from tests.factories import NOW, make_contact, make_touchpoint


def expanded(people: int = 2, *, now: datetime = NOW, **fields) -> Touchpoint:
    """A touchpoint whose deliveries are written and due."""
    for _ in range(people):
        make_contact()
    touchpoint = make_touchpoint(**fields)
    expand_wholly(touchpoint.pk, now=now)
    touchpoint.refresh_from_db()
    return touchpoint


def begun(people: int, *, now: datetime = NOW, **fields) -> Touchpoint:
    """A touchpoint of which the first portion is written, and more people come behind it."""
    for _ in range(people):
        make_contact()
    touchpoint = make_touchpoint(**fields)
    assert expand_touchpoint(touchpoint.pk, now=now) is Expanded.PARTLY
    touchpoint.refresh_from_db()
    return touchpoint


def written(touchpoint: Touchpoint) -> int:
    return Delivery.objects.filter(touchpoint=touchpoint).count()


def claimed(people: int = 2, **fields) -> Batch:
    expanded(people, **fields)
    batch = store.claim(now=NOW)
    assert batch is not None
    return batch


def marked(people: int = 2, *, journal: str = "", **fields) -> Batch:
    batch = claimed(people, **fields)
    assert store.mark_sending(batch, composed_at=NOW, journal=journal, now=NOW)
    batch.refresh_from_db()
    return batch


def work(now: datetime = NOW) -> list[services.Report]:
    """What a worker does until nothing is due any more."""
    reports = []
    while batch := store.claim(now=now):
        reports.append(services.deliver_batch(batch, now=now))
    return reports


def run(start: datetime = NOW, *, minutes: float = 60, step: float = 1) -> None:
    """Works and sweeps, as time goes by."""
    for tick in range(int(minutes / step)):
        now = start + timedelta(minutes=tick * step)
        work(now)
        sweep(now)


def sweep(now: datetime) -> None:
    services.reap(now)
    services.close_stopped(now)
    services.expire_past_use(now)
    services.look_up_doubts(now)
    services.resolve_doubts(now)
    services.send_fallbacks(now)
    services.finish_settled(now)


def states() -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    return counts
