"""What came back from readers: opens and clicks as their programs make them, told apart by the product's own rules."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.campaigns.models import Campaign
from apps.delivery.links import LinkBook
from apps.delivery.models import Delivery, DeliveryState
from apps.tracking.buffer import Hit
from apps.tracking.hits import write_hits
from apps.windows.links import notice_url

WRITTEN_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Program:
    """A way of reading mail. `loads_ahead`: fetches the picture by itself, soon after the message arrived."""

    share: int
    agent: str = ""  # of a person's open; empty: people cannot be seen behind it
    ahead_agent: str = ""
    follows_links: bool = False  # the scanner in front of it visits every link


BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36"
PROGRAMS = (
    Program(share=34, agent=BROWSER),
    Program(share=18, agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"),
    Program(share=22, agent="Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"),
    Program(share=16, ahead_agent="Mozilla/5.0"),  # Apple's privacy protection: every picture, read or not
    Program(share=10, agent=BROWSER, ahead_agent=f"{BROWSER} Barracuda Sentinel (EE)", follows_links=True),
)
# How many of a hundred open a message of each kind, and after how long half of those have.
INTEREST = {
    "announce": (58, timedelta(hours=3)),
    "internal-notice": (80, timedelta(hours=1)),
    "reminder-14d": (38, timedelta(hours=5)),
    "reminder-7d": (44, timedelta(hours=4)),
    "reminder-24h": (52, timedelta(hours=2)),
    "reminder-1h": (27, timedelta(minutes=25)),
    "started": (18, timedelta(hours=2)),
    "update": (12, timedelta(hours=2)),
    "extended": (34, timedelta(minutes=50)),
    "completed": (49, timedelta(hours=1)),
    "follow-up": (31, timedelta(hours=4)),
}
CLICKS_OF_A_HUNDRED_OPENS = 14


def write_answers(campaign: Campaign, *, now: datetime) -> None:
    """Opens and clicks of what was sent to people up to now, in the order in which they came."""
    hits = sorted(_all_hits(campaign), key=lambda hit: hit.at)
    past = [hit for hit in hits if hit.at <= now.timestamp()]
    for first in range(0, len(past), WRITTEN_AT_ONCE):
        write_hits(past[first : first + WRITTEN_AT_ONCE], now=now)


def _all_hits(campaign: Campaign) -> Iterator[Hit]:
    notice = notice_url(campaign.window)
    for touchpoint in campaign.touchpoints.all():
        link = LinkBook(touchpoint.pk).number_of(notice) if touchpoint.first_sent_at else None
        sent = touchpoint.deliveries.filter(state=DeliveryState.SENT, contact__isnull=False)
        for delivery in sent.select_related("contact"):
            yield from _hits_of(delivery, link, *INTEREST.get(touchpoint.content_key, (20, timedelta(hours=2))))


def _hits_of(delivery: Delivery, link: int | None, interest: int, half: timedelta) -> Iterator[Hit]:
    assert delivery.sent_at
    program = random.Random(delivery.contact_id).choices(PROGRAMS, weights=[row.share for row in PROGRAMS])[0]
    chance = random.Random(f"{delivery.contact_id}.{delivery.touchpoint_id}")
    sent_at = delivery.sent_at.timestamp()
    if program.ahead_agent:
        ahead_at = sent_at + (chance.uniform(0.2, 0.9) if program.follows_links else chance.uniform(20, 600))
        yield _hit(delivery, None, ahead_at, program.ahead_agent)
        if program.follows_links and link:
            yield _hit(delivery, link, ahead_at + 0.3, program.ahead_agent)
    if program.agent and chance.random() * 100 < interest:
        opened_at = sent_at + half.total_seconds() * chance.lognormvariate(0, 1.1) + 5
        yield _hit(delivery, None, opened_at, program.agent)
        if link and chance.random() * 100 < CLICKS_OF_A_HUNDRED_OPENS:
            yield _hit(delivery, link, opened_at + chance.uniform(15, 240), BROWSER)


def _hit(delivery: Delivery, link: int | None, at: float, agent: str) -> Hit:
    key = f"demo:{delivery.token.hex}:{link}:{at:.3f}"
    return Hit(key=key, token=delivery.token.hex, link=link, at=at, method="GET", user_agent=agent, purpose="")
