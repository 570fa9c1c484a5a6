"""Celery's settings; the reasons stand in docs/decisions/0003-the-database-remembers.md."""

from celery.schedules import crontab
from django.conf import settings
from kombu import Queue

broker_url = settings.REDIS_URL.replace("unix://", "redis+socket://", 1)
broker_transport_options = {
    "global_keyprefix": settings.REDIS_KEY_PREFIX,
    "visibility_timeout": 600,  # above the hard time limit
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
broker_connection_retry_on_startup = True
timezone = "UTC"
enable_utc = True
task_ignore_result = True
task_serializer = "json"
accept_content = ["json"]
task_default_queue = "bulk"
task_queues = [Queue(name) for name in ("urgent", "bulk", "events", "housekeeping")]
task_acks_late = False  # a lost hint costs one tick; a doubled send would cost trust
task_reject_on_worker_lost = False
task_soft_time_limit = 360
task_time_limit = 420
task_publish_retry_policy = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}
worker_prefetch_multiplier = 1
worker_max_tasks_per_child = 1000
worker_soft_shutdown_timeout = 20
worker_enable_soft_shutdown_on_idle = True
worker_hijack_root_logger = False
worker_send_task_events = False
# Celery would hang up on the database before and after each task: ten milliseconds of a hint's time. See celery.py.
CELERY_DB_REUSE_MAX = 1_000_000
beat_scheduler = "apps.delivery.beat:DueRowScheduler"
beat_max_loop_interval = 1

# Beside the due rows (apps/delivery/beat.py): what has to be looked at again and again. A run that waited longer than
# until the next one is dropped, so that a worker coming back finds one of each and not a queue of them.
beat_schedule = {
    "tracking.flush_hits": {"task": "tracking.flush_hits", "schedule": 2.0, "options": {"queue": "events", "expires": 10}},
    "tracking.handle_provider_events": {
        "task": "tracking.handle_provider_events",
        "schedule": 5.0,
        "options": {"queue": "events", "expires": 20},
    },
    "tracking.rescore_recent": {
        "task": "tracking.rescore_recent",
        "schedule": 600.0,
        "options": {"queue": "housekeeping", "expires": 600},
    },
    **(
        {
            "tracking.poll_inbox": {
                "task": "tracking.poll_inbox",
                "schedule": 60.0,
                "options": {"queue": "housekeeping", "expires": 60},
            }
        }
        if settings.INBOX_HOST
        else {}
    ),
    "audiences.work_on_imports": {
        "task": "audiences.work_on_imports",
        "schedule": 10.0,
        "options": {"queue": "housekeeping", "expires": 10},
    },
    "upstream.sweep": {
        "task": "upstream.sweep",
        "schedule": 60.0,
        "options": {"queue": "housekeeping", "expires": 60},
    },
    "tracking.forget": {
        "task": "tracking.forget",
        "schedule": crontab(hour="3", minute="17"),
        "options": {"queue": "housekeeping"},
    },
}
