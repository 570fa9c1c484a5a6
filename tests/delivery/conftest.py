import pytest

from apps.channels.transports.memory import MemoryTransport
from apps.delivery import bucket, guard, journal, witness
from tests.factories import make_template

TARGETS = {
    "touchpoint": lambda touchpoint: touchpoint,
    "campaign": lambda touchpoint: touchpoint.campaign,
    "channel": lambda touchpoint: touchpoint.channel,
}


@pytest.fixture(autouse=True)
def _empty_outbox():
    MemoryTransport.reset()
    yield
    MemoryTransport.reset()


@pytest.fixture(autouse=True)
def _without_journal(monkeypatch):
    """Most tests are not about the journal and run without Redis; those that are ask for `redis_journal`."""
    monkeypatch.setattr(journal, "_away_until", float("inf"))
    monkeypatch.setattr(bucket, "_away_until", float("inf"))


@pytest.fixture
def redis_bucket(redis_server, _without_journal, monkeypatch):
    monkeypatch.setattr(bucket, "_away_until", 0.0)


@pytest.fixture(autouse=True)
def _fresh_guard(monkeypatch):
    """Each test is a process of its own that knows of no beat, and nothing is kept in Redis."""
    monkeypatch.setattr(guard, "_memory", guard.Memory())
    monkeypatch.setattr(witness, "_away_until", float("inf"))


@pytest.fixture
def redis_journal(redis_server, _without_journal, monkeypatch):
    monkeypatch.setattr(journal, "_away_until", 0.0)


@pytest.fixture
def text(db):
    return make_template()


@pytest.fixture
def outbox():
    return MemoryTransport.outbox


@pytest.fixture(params=TARGETS)
def target_of(request):
    """What a planner may pause: a touchpoint, or what it belongs to."""
    return TARGETS[request.param]
