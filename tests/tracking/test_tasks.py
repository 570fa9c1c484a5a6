import pytest

from apps.common.redis import redis_client, redis_key
from apps.tracking import buffer, hits, tasks
from apps.tracking.models import Event
from config import celery_settings
from config.celery import app
from tests.tracking.factories import make_hit, make_sent_delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def buffered(redis_server):
    delivery = make_sent_delivery()
    for _ in range(3):
        buffer.HitBuffer().push(make_hit(delivery))


def test_buffered_hits_are_flushed(buffered):
    tasks.flush_hits()
    assert Event.objects.count() == 3
    assert not redis_client().exists(redis_key("hits", "flushing"))


def test_flush_that_failed_is_made_good_by_the_next(buffered, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(hits, "write_hits", fail)
        with pytest.raises(RuntimeError):
            tasks.flush_hits()
    tasks.flush_hits()
    assert Event.objects.count() == 3


def test_second_flush_at_the_same_time_leaves_the_work_to_the_first(buffered):
    redis_client().set(redis_key("hits", "flushing"), 1)
    tasks.flush_hits()
    assert Event.objects.count() == 0


@pytest.mark.parametrize("task", [tasks.handle_provider_events, tasks.rescore_recent, tasks.forget])
def test_other_tasks_live_with_nothing_to_do(task):
    task()


def test_every_scheduled_task_exists_and_has_a_queue():
    app.loader.import_default_modules()
    queues = {queue.name for queue in celery_settings.task_queues}
    for entry in celery_settings.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["queue"] in queues
