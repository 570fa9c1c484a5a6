"""How long the dashboard takes for a campaign with 100,000 deliveries, and with how many queries.

    DATABASE_URL=… python bench/dashboard.py [contacts] [rounds] [--slowest] [--json FILE]

Builds a database of its own beside the named one (as the tests do), fills it with SQL, asks each page and drops it.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

MOMENTS = ("announce", "t-7d", "t-24h", "t-1h", "completed")
ASKED_AT = datetime.now(UTC).replace(microsecond=0)
STARTS_AT = ASKED_AT.replace(hour=1, minute=0, second=0) - timedelta(days=2)
ENDS_AT = STARTS_AT + timedelta(hours=4)

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(n)s) "

CONTACTS = """
INSERT INTO audiences_contact (created_at, updated_at, name, email, phone, organisation, time_zone, language, is_internal, attributes)
{numbers} SELECT %(now)s, %(now)s, 'Cem ' || i, 'cem' || i || '@example.org', '', 'Organisation ' || (i %% 2000), '', 'en', false, '{{}}'
FROM n
"""
DELIVERIES = """
INSERT INTO delivery_delivery (touchpoint_id, revision, contact_id, address, token, state, reason, attempts, provider_id, sent_at)
SELECT t.id, 1, c.id, c.email, {token}, CASE WHEN c.id %% 50 = 0 THEN 'failed' WHEN c.id %% 77 = 0 THEN 'suppressed' ELSE 'sent' END,
    CASE WHEN c.id %% 50 = 0 THEN 'refused' WHEN c.id %% 77 = 0 THEN 'unsubscribed' ELSE '' END, 1, '', {sent_at}
FROM campaigns_touchpoint t CROSS JOIN audiences_contact c
"""
EVENTS = """
INSERT INTO tracking_event (delivery_id, type, at, verdict, rule, key, source, user_agent, detail)
SELECT d.id, %(type)s, d.sent_at, %(verdict)s, '', %(type)s || %(verdict)s || d.id, 'pixel', '', '{{}}'
FROM delivery_delivery d WHERE d.state = 'sent' AND (d.id * 7919) %% 100 < %(share)s
"""
TICKETS = """
INSERT INTO tracking_ticket (uid, source_id, external_id, opened_at, subject, status, tags, requester_hash, organisation, link_kind)
{numbers} SELECT {token}, %(source)s, i, {opened_at}, 'Cannot sign in', 'open', '[]', '', '', '' FROM n
"""
EVENT_SHARES = (("opened", "human", 45), ("opened", "machine", 25), ("clicked", "human", 12), ("delivered", "", 60))


def dialect() -> dict[str, str]:
    """The few expressions that the two databases spell differently."""
    from django.db import connection

    if connection.vendor == "postgresql":
        return {
            "token": "gen_random_uuid()",
            "sent_at": "t.due_at + (c.id %% 40) * interval '0.5 second'",
            "opened_at": "%(now)s::timestamptz - i * interval '3 minute'",
        }
    return {
        "token": "lower(hex(randomblob(16)))",
        "sent_at": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', t.due_at, '+' || ((c.id %% 40) * 0.5) || ' seconds')",
        "opened_at": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', %(now)s, '-' || (i * 3) || ' minutes')",
    }


def build(contacts: int) -> int:
    """A finished campaign of five touchpoints to `contacts` people, and 40,000 tickets; returns the campaign's id."""
    from django.db import connection

    from apps.campaigns.models import TouchpointState
    from apps.delivery.models import Expansion
    from apps.tracking.models import TicketSource
    from tests import factories as make

    window = make.make_window(
        starts_at=STARTS_AT, ends_at=ENDS_AT, status="completed", actual_started_at=STARTS_AT, actual_ended_at=ENDS_AT
    )
    campaign = make.make_campaign(window=window)
    segment, channel = make.make_segment(), make.make_channel("email")
    for number, key in enumerate(MOMENTS):
        due_at = STARTS_AT - timedelta(days=len(MOMENTS) - number)
        make.make_touchpoint(
            campaign=campaign,
            step_key=key,
            segment=segment,
            channel=channel,
            state=TouchpointState.SENT,
            due_at=due_at,
            first_sent_at=due_at + timedelta(milliseconds=180),
        )
    Expansion.objects.bulk_create(
        Expansion(touchpoint=row, revision=1, recipients=contacts, written_at=row.due_at) for row in campaign.touchpoints.all()
    )
    source = TicketSource.objects.create(name="Help desk", slug="help-desk", time_zone="Europe/Paris")
    fill = {"numbers": NUMBERS, **dialect()}
    with connection.cursor() as cursor:
        cursor.execute(CONTACTS.format(**fill), {"n": contacts, "now": ASKED_AT})
        cursor.execute(DELIVERIES.format(**fill), {"now": ASKED_AT})
        for kind, verdict, share in EVENT_SHARES:
            cursor.execute(EVENTS.format(**fill), {"type": kind, "verdict": verdict, "share": share})
        cursor.execute(TICKETS.format(**fill), {"n": 40_000, "now": ASKED_AT, "source": source.pk})
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")  # as autovacuum would
    return campaign.pk


def measure(campaign_id: int, rounds: int) -> dict[str, dict[str, float]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from tests.factories import make_planner

    client = Client()
    client.force_login(make_planner())
    figures = {}
    for name, args in (("overview", ()), ("live", (campaign_id,)), ("live-now", (campaign_id,)), ("review", (campaign_id,))):
        url, times = reverse(f"dashboard:{name}", args=args), []
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        asked = list(queries.captured_queries)  # before the next request forgets them
        for _round in range(rounds):
            begun = time.perf_counter()
            client.get(url)
            times.append((time.perf_counter() - begun) * 1000)
        print(
            f"{name:10} best {min(times):5.0f} ms   median {statistics.median(times):5.0f} ms   max {max(times):5.0f} ms   {len(asked)} queries"
        )
        figures[name] = {"median_ms": statistics.median(times), "max_ms": max(times), "queries": len(asked)}
        if "--slowest" in sys.argv:
            for query in sorted(asked, key=lambda q: -float(q["time"]))[:8]:
                print(f"           {float(query['time']) * 1000:6.0f} ms  {query['sql'][:300]}")
    return figures


def main() -> None:
    import django
    from django.conf import settings

    django.setup()
    from django.db import connection
    from django.test.utils import setup_test_environment

    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    setup_test_environment(debug=False)
    with tempfile.TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            settings.DATABASES["default"]["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            begun = time.perf_counter()
            campaign_id = build(contacts)
            print(f"{connection.vendor}: {contacts * len(MOMENTS):,} deliveries built in {time.perf_counter() - begun:.1f} s")
            figures = {"deliveries": contacts * len(MOMENTS), "pages": measure(campaign_id, rounds)}
            if "--json" in sys.argv:
                Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(figures))
        finally:
            connection.creation.destroy_test_db("preavis", verbosity=0)


if __name__ == "__main__":
    main()
