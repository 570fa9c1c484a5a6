"""Celery's settings; the reasons stand in docs/decisions/0003-the-database-remembers.md."""

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
beat_scheduler = "apps.delivery.beat:DueRowScheduler"
beat_max_loop_interval = 1
