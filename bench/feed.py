"""What a calendar feed of 2,000 windows costs: unchanged (304), after one change, first rendered by anybody, and in a new process.

    DATABASE_URL=postgres://… python bench/feed.py [windows] [--json FILE]

Works in a database of its own, made and dropped by Django's test runner. Times are of the whole request, without a socket.
"""

import json
import os
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(count: str = "2000", *rest: str) -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.test.runner import DiscoverRunner

    from apps.common.redis import redis_client
    from config import embedded

    embedded.ensure_running(settings.REDIS_URL, settings.VALKEY_DIR)
    prefix = f"{settings.REDIS_KEY_PREFIX}bench"
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": settings.REDIS_URL, "KEY_PREFIX": prefix}}
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    try:
        figures = measure(int(count))
        if rest:
            Path(rest[1]).write_text(json.dumps(figures))
    finally:
        runner.teardown_databases(databases)
        for key in redis_client().scan_iter(match=f"{prefix}*"):
            redis_client().delete(key)


def measure(count: int) -> dict[str, float]:
    from django.core.cache import cache
    from django.test import Client
    from django.utils import timezone

    from apps.publishing import calendars, services
    from apps.windows import services as windows
    from apps.windows.models import MaintenanceWindow

    now = timezone.now()
    fill(count, now)
    _, token = services.create_feed(name="Bench", language="fr", actor=None, now=now)
    client, path = Client(), f"/feeds/{token}.ics"
    client.get("/feeds/x.ics")  # the first request of a process loads the middleware

    response = client.get(path)
    etag = response["ETag"]
    first = []
    for _round in range(3):
        cache.clear()
        calendars._memory.__init__()  # type: ignore[misc]
        first.append(timed(lambda: client.get(path))[0])
    unchanged = [timed(lambda: client.get(path, headers={"if-none-match": etag}))[0] for _ in range(200)]
    full = [timed(lambda: client.get(path))[0] for _ in range(10)]
    packed = [timed(lambda: client.get(path, headers={"accept-encoding": "gzip"}))[0] for _ in range(5)]
    newcomer = []
    for _round in range(5):
        calendars._memory.__init__()  # type: ignore[misc]  # as a new process has it
        newcomer.append(timed(lambda: client.get(path))[0])
    of_team = team_polls(client, now)
    window = MaintenanceWindow.objects.filter(starts_at__gte=now).order_by("starts_at")[0]  # surely within 1 MB
    windows.edit_texts(window, title="Another title", actor=None, now=timezone.now())
    after, changed = timed(lambda: client.get(path, headers={"if-none-match": etag}))
    assert changed.status_code == 200

    shown = response.content.count(b"BEGIN:VEVENT")
    print(f"{count} windows, of which {shown} fit into {len(response.content) / 1e6:.2f} MB")
    print(f"304, unchanged         {statistics.median(unchanged):7.1f} ms (median), {sorted(unchanged)[-2]:.1f} ms (p99)")
    print(f"200, after one change  {after:7.1f} ms")
    print(f"200, unchanged         {statistics.median(full):7.1f} ms, compressed {statistics.median(packed):.1f} ms")
    print(f"200, new process       {statistics.median(newcomer):7.1f} ms")
    print(f"200, never rendered    {statistics.median(first):7.1f} ms")
    print(f"304, of the team       {statistics.median(of_team):7.1f} ms")
    return {
        "windows": count,
        "bytes": len(response.content),
        "unchanged_ms": statistics.median(unchanged),
        "unchanged_p99_ms": sorted(unchanged)[-2],
        "changed_ms": after,
        "full_ms": statistics.median(full),
        "new_process_ms": statistics.median(newcomer),
        "first_ms": statistics.median(first),
        "team_unchanged_ms": statistics.median(of_team),
        "shown": response.content.count(b"BEGIN:VEVENT"),
    }


def team_polls(client, now):  # type: ignore[no-untyped-def]
    """Polls of an internal feed with meetings, which compares more rows."""
    from apps.publishing import services
    from tests.factories import make_planner

    _, token = services.create_feed(
        name="Team", language="en", detail="internal", has_meetings=True, owner=make_planner(), actor=None, now=now
    )
    path = f"/feeds/{token}.ics"
    etag = client.get(path)["ETag"]
    return [timed(lambda: client.get(path, headers={"if-none-match": etag}))[0] for _ in range(50)]


def fill(count: int, now):  # type: ignore[no-untyped-def]
    from apps.windows.models import MaintenanceWindow
    from tests.factories import make_service

    services = [make_service() for _ in range(20)]
    rows = MaintenanceWindow.objects.bulk_create(
        MaintenanceWindow(
            title=f"Database upgrade {number}",
            reason="The present version is no longer maintained by its makers.",
            effect="The shop shows its products but takes no orders; open orders are safe.",
            time_zone="Europe/Paris",
            starts_at=(begin := now + timedelta(hours=6 * (number - count // 3))),
            ends_at=begin + timedelta(hours=4),
            announced_ends_at=begin + timedelta(hours=6),
            status="scheduled",
            scheduled_at=now,
            revision=1,
            content_changed_at=now,
        )
        for number in range(count)
    )
    through = MaintenanceWindow.services.through
    through.objects.bulk_create(through(maintenancewindow=row, service=services[number % 20]) for number, row in enumerate(rows))


def timed(call):  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    result = call()
    return (time.perf_counter() - start) * 1000, result


if __name__ == "__main__":
    main(*sys.argv[1:])
