import uuid

import pytest
import redis

from apps.common.redis import redis_client, redis_key
from apps.tracking import buffer
from apps.tracking.buffer import Hit, HitBuffer

pytestmark = pytest.mark.usefixtures("redis_server")


def a_hit(**fields):
    defaults = {"key": uuid.uuid4().hex, "token": uuid.uuid4().hex, "link": None, "at": 1.5, "method": "GET"}
    return Hit(**(defaults | {"user_agent": "Ünïcode", "purpose": ""} | fields))


def push(hit):
    HitBuffer().push(hit)


def taken():
    return [hit for hits in buffer.take() for hit in hits]


def test_hits_come_out_as_they_went_in():
    first, second = a_hit(), a_hit(link=3)
    for hit in (first, second):
        push(hit)
    assert taken() == [first, second]
    assert taken() == []


def test_hits_of_a_taker_that_died_come_again():
    hit = a_hit()
    push(hit)
    taker = buffer.take()
    assert next(taker) == [hit]
    taker.close()  # killed before it could write
    later = a_hit()
    push(later)
    assert sorted(taken(), key=lambda each: each.key) == sorted([hit, later], key=lambda each: each.key)


def test_two_takers_leave_nothing_behind():
    push(a_hit())
    first, second = buffer.take(), buffer.take()
    next(first)
    next(second)
    assert list(first) == list(second) == []
    assert not redis_client().exists(redis_key("hits", "taken"))


def test_unreadable_hit_does_not_hold_up_the_others():
    redis_client().rpush(redis_key("hits"), b"\xff", b"{}", b"[1]", a_hit(token="no token").dump())
    good = a_hit()
    push(good)
    assert taken() == [good]


def test_oldest_hits_give_way_when_nobody_takes_them(monkeypatch):
    monkeypatch.setattr(buffer, "LONGEST_LIST", 3)
    hits = [a_hit() for _ in range(5)]
    for hit in hits:
        push(hit)
    assert taken() == hits[2:]


def test_hits_wait_in_the_process_while_redis_is_away(monkeypatch):
    mine, first, second = HitBuffer(), a_hit(), a_hit()
    monkeypatch.setattr(buffer, "PAUSE_SECONDS", 0)
    with monkeypatch.context() as away:
        away.setattr(buffer, "_append", lambda _: (_ for _ in ()).throw(redis.ConnectionError()))
        mine.push(first)
    mine.push(second)
    assert taken() == [first, second]


def test_redis_is_left_alone_for_a_moment_after_a_failure(monkeypatch):
    calls = []

    def refuse(dumped):
        calls.append(dumped)
        raise redis.ConnectionError

    monkeypatch.setattr(buffer, "_append", refuse)
    mine = HitBuffer()
    for _ in range(3):
        mine.push(a_hit())
    assert len(calls) == 1
