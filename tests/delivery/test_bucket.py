"""The shared permits of a channel, in a real Redis and in the database."""

import random
import threading
import time

import pytest
import redis

from apps.common.redis import redis_client
from apps.delivery import bucket, pacing
from apps.delivery.models import Circuit
from tests.factories import make_channel

CHANNEL = 17
RATE = 50.0
PLACES = ("in Redis", "in the database")


@pytest.fixture(params=PLACES)
def channel_id(request, db):
    """A channel whose permits lie in Redis, or in the database while Redis is away."""
    if request.param == "in Redis":
        request.getfixturevalue("redis_bucket")
        return CHANNEL
    return make_channel().pk


def take(channel_id, *, wanted=1, rate=RATE, is_urgent=False):
    return bucket.take(channel_id, wanted=wanted, rate=rate, is_urgent=is_urgent)


def test_the_first_permits_are_there_at_once_and_the_next_behind_them(channel_id):
    assert take(channel_id, wanted=5) == bucket.Permits(count=5, wait=pytest.approx(0, abs=0.001))
    assert take(channel_id, wanted=5).wait == pytest.approx(5 / RATE, abs=0.05)


def test_routine_takes_nothing_far_ahead(channel_id):
    take(channel_id, wanted=50)
    refused = take(channel_id)
    assert refused.count == 0
    assert refused.wait == pytest.approx(1.0, abs=0.05)


def test_while_urgent_waits_routine_gets_none(channel_id):
    take(channel_id, wanted=10)
    assert take(channel_id, is_urgent=True).count == 1
    assert take(channel_id).count == 0


def test_channels_do_not_share(channel_id):
    take(channel_id, wanted=100)
    assert take(make_channel().pk).count == 1


@pytest.mark.usefixtures("redis_bucket")
class TestRedis:
    def test_two_workers_together_keep_to_the_rate(self):
        """Not timed: it counts what was promised for the next second, however fast the workers ask."""
        promised: list[float] = []

        def worker():
            asked = time.monotonic()
            while time.monotonic() < asked + 1.0:
                got = take(CHANNEL, wanted=3)
                at = time.monotonic() + got.wait
                promised.extend(at + place / RATE for place in range(got.count))
                time.sleep(max(got.wait, 0))

        workers = [threading.Thread(target=worker) for _ in range(2)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()

        gaps = [later - sooner for sooner, later in zip(sorted(promised), sorted(promised)[1:], strict=False)]
        # Each on its own would make it half; a thread that had to wait for the processor, a little more or less.
        assert sum(gaps) / len(gaps) == pytest.approx(1 / RATE, rel=0.2)

    def test_what_was_not_used_is_free_again(self):
        take(CHANNEL, wanted=50)
        bucket.give_back(CHANNEL, unused=49, rate=RATE)
        assert take(CHANNEL).wait == pytest.approx(1 / RATE, abs=0.05)

    def test_nobody_gives_back_to_a_bucket_that_was_forgotten(self):
        bucket.give_back(CHANNEL, unused=49, rate=RATE)
        assert not redis_client().exists(bucket._key(CHANNEL))

    def test_a_bucket_nobody_asks_is_forgotten(self):
        take(CHANNEL)
        assert 0 < redis_client().pttl(bucket._key(CHANNEL)) <= 61_000

    def test_the_script_decides_as_the_rule_does(self):
        chance, compared = random.Random(7), 0
        for _ in range(300):
            seconds, micros = redis_client().time()
            now = seconds + micros / 1_000_000
            kept = pacing.Bucket(
                next_at=now + chance.choice([-30, -0.5, 0.1, 0.2, 0.6, 5, 500]), urgent_until=now + chance.choice([-1, 0.5])
            )
            given = {"wanted": chance.choice([1, 3, 40]), "rate": chance.choice([0.02, 1.0, 14.0, 900.0])}
            given["is_urgent"] = chance.random() < 0.5
            redis_client().hset(
                bucket._key(CHANNEL),
                mapping={"next": kept.next_at * 1_000_000, "urgent": kept.urgent_until * 1_000_000},
            )

            grant, after = pacing.take(kept, now=now, **given)
            got = take(CHANNEL, **given)

            seconds, micros = redis_client().time()
            if seconds + micros / 1_000_000 > now + 0.03:  # the two were not asked at the same time: it says nothing
                continue
            compared += 1
            left = {
                name.decode(): float(value) / 1_000_000 for name, value in redis_client().hgetall(bucket._key(CHANNEL)).items()
            }
            assert (got.count, got.wait) == (grant.permits, pytest.approx(grant.start - now, abs=0.05)), (kept, given)
            assert left["next"] == pytest.approx(after.next_at, abs=0.05), (kept, given)
            assert left["urgent"] == pytest.approx(after.urgent_until, abs=0.05), (kept, given)
        assert compared > 100


@pytest.mark.django_db
def test_without_redis_the_database_keeps_the_permits(redis_bucket, monkeypatch):
    channel = make_channel()
    monkeypatch.setattr(bucket, "_script", lambda: _away)

    assert take(channel.pk).count == 1
    assert Circuit.objects.get(channel=channel).next_permit_at > 0
    assert bucket._away_until > time.monotonic()


def _away(**_kwargs):
    raise redis.ConnectionError("gone")
