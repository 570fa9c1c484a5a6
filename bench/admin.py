"""How long every list and form of the admin takes with 100,000 contacts, 1,000 windows and 1,000,000 deliveries.

    DATABASE_URL=… python bench/admin.py [rounds] [--contacts N] [--windows N] [--deliveries N] [--slowest] [--here] [--json FILE]

“Work” is the processor time of this process and of PostgreSQL's for it (not of its parallel helpers): on a machine that does other
things, times suffer and this hardly does.

Builds a database of its own beside the named one (as the tests do), seeds it, asks each page and drops it. With --here it takes
the named database as it is, seeded before, and only looks.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

LARGEST = {"playbook": ("-steps_in_all",)}  # rows that differ in size, by what tells it


def addresses() -> Iterator[tuple[str, str]]:
    """Of each admin its list, a search in it, and the form and the history of its newest row, or of its largest."""
    from django.contrib import admin
    from django.urls import get_resolver, reverse

    get_resolver().url_patterns  # noqa: B018  # with the addresses the pages are loaded

    anybody = type("Request", (), {"user": None, "GET": {}, "resolver_match": None})()
    for model, page in admin.site._registry.items():
        kind, named = model._meta.model_name or "", f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = reverse(f"{named}_changelist")
        yield f"{kind}, list", listed
        if page.search_fields:
            yield f"{kind}, search", f"{listed}?q=person77"
        row = page.get_queryset(anybody).order_by(*LARGEST.get(kind, ()), "-pk").first()
        if row is not None:
            yield f"{kind}, form", reverse(f"{named}_change", args=[row.pk])
            yield f"{kind}, history", reverse(f"{named}_history", args=[row.pk])


def measure(rounds: int, *, slowest: bool) -> dict[str, dict[str, Any]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(_planner())
    figures = {}
    for name, url in addresses():
        times, work = [], []
        with CaptureQueriesContext(connection) as queries:
            status = client.get(url).status_code
        assert status in (200, 302), f"{url}: {status}"
        asked = list(queries.captured_queries)  # before the next request forgets them
        for _round in range(rounds):
            begun, spent = time.perf_counter(), _spent(connection)
            client.get(url)
            times.append((time.perf_counter() - begun) * 1000)
            work.append(_spent(connection) - spent)
        median, worked = statistics.median(times), statistics.median(work)
        figures[name] = {"median_ms": median, "max_ms": max(times), "work_ms": worked, "queries": len(asked)}
        shown = f"median {median:6.0f} ms   max {max(times):6.0f} ms   work {worked:6.0f} ms   {len(asked)} queries"
        print(f"{name:32} {shown}", flush=True)
        if slowest and statistics.median(times) > 100:
            for query in sorted(asked, key=lambda query: -float(query["time"]))[:4]:
                print(f"           {float(query['time']) * 1000:6.0f} ms  {query['sql'][:400]}")
    return figures


def _spent(connection: Any) -> float:
    """Milliseconds of processor time so far, the database's among them where it is PostgreSQL on this machine."""
    own = time.process_time() * 1000
    schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat") if connection.vendor == "postgresql" else None
    return own + (int(schedule.read_text().split()[0]) / 1e6 if schedule and schedule.exists() else 0)


def _planner() -> Any:
    from apps.accounts.models import User

    found = User.objects.filter(username="bench").first()
    return found or User.objects.create_superuser(username="bench", time_zone="Europe/Paris", first_name="Bench")


def main() -> None:
    given = arguments()
    import django
    from django.conf import settings

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.template.base import Template
    from django.test.utils import setup_test_environment

    plain = Template._render
    setup_test_environment(debug=False)
    Template._render = plain  # tests keep a copy of what each template was given, which costs a third of the time
    if given.here:
        finish(given, {"seed_seconds": 0.0, "pages": measure(given.rounds, slowest=given.slowest)})
        return
    with tempfile.TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            settings.DATABASES["default"]["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            begun = time.perf_counter()
            sizes = {name: getattr(given, name) for name in ("contacts", "windows", "deliveries")}
            call_command("seed", "--scale", **sizes)
            seconds = time.perf_counter() - begun
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")  # as autovacuum would
            finish(given, {**sizes, "seed_seconds": seconds, "pages": measure(given.rounds, slowest=given.slowest)})
        finally:
            connection.creation.destroy_test_db("preavis", verbosity=0)


def finish(given: argparse.Namespace, figures: dict[str, Any]) -> None:
    pages = figures["pages"]
    for what, key in (("over 150 ms", "median_ms"), ("with work over 150 ms", "work_ms")):
        slow = [name for name, page in pages.items() if page[key] > 150]
        print(f"{len(pages)} pages, {len(slow)} {what}: {'; '.join(slow) or 'none'}")
    if given.json:
        given.json.write_text(json.dumps(figures))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--windows", type=int, default=1_000)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--slowest", action="store_true", help="the slowest queries of each page over 100 ms")
    parser.add_argument("--here", action="store_true", help="the named database as it is")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
