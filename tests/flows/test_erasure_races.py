"""Somebody is erased at the very moment at which messages to them are written; PostgreSQL lets both begin."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.audiences.erasing import erase_person
from apps.audiences.models import Contact
from apps.delivery.expand import expand_touchpoint
from apps.delivery.fallback import send_fallbacks
from apps.delivery.models import Batch, Delivery
from tests.delivery.engine import expanded
from tests.factories import NOW, make_channel, make_contact, make_playbook, make_step, make_touchpoint

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one writer in at a time"),
]
PATIENCE_SECONDS = 20
WAITING = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database()
    )
"""


def one_while_the_other_is_not_committed(first, second):
    """`first` has done all and not committed when `second` begins; it commits once that has ended, or waits for it."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            other = pool.submit(apart, second)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not other.done() and not is_anybody_waiting():
                assert time.monotonic() < deadline, "The other neither ends nor waits"
                time.sleep(0.01)
        other.result(PATIENCE_SECONDS)


def apart(deed):
    """On a connection of its own."""
    try:
        deed()
    finally:
        connection.close()


def is_anybody_waiting():
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


def addresses():
    return set(Delivery.objects.values_list("address", flat=True))


def erase(contact):
    return lambda: erase_person(Contact.objects.get(pk=contact.pk), actor=None, now=NOW)


@pytest.fixture
def zoe():
    return make_contact(email="zoe@example.org", phone="+33123456789")


def test_who_is_erased_while_a_touchpoint_is_written_leaves_no_address(zoe):
    make_contact(email="ben@example.org")
    touchpoint = make_touchpoint()
    one_while_the_other_is_not_committed(lambda: expand_touchpoint(touchpoint.pk, now=NOW), erase(zoe))
    assert addresses() == {"", "ben@example.org"}


def test_who_is_being_erased_when_a_touchpoint_is_written_is_not_written_to(zoe):
    make_contact(email="ben@example.org")
    touchpoint = make_touchpoint()
    one_while_the_other_is_not_committed(erase(zoe), lambda: expand_touchpoint(touchpoint.pk, now=NOW))
    assert addresses() == {"ben@example.org"}


@pytest.fixture
def refused(zoe):
    """Her address was refused; the step names a second channel."""
    step = make_step(make_playbook(), fallback_channel=make_channel())
    touchpoint = expanded(0, step=step, step_key=step.key, channel=step.channel, segment=step.segment)
    Batch.objects.update(state="done", marked_at=NOW)
    Delivery.objects.update(state="failed", reason="attempts_used_up", settled_at=NOW)
    return touchpoint


@pytest.mark.parametrize("is_erased_first", [False, True])
def test_a_second_channel_takes_over_no_address_of_who_is_erased(zoe, refused, is_erased_first):
    deeds = [lambda: send_fallbacks(NOW), erase(zoe)]
    one_while_the_other_is_not_committed(*(reversed(deeds) if is_erased_first else deeds))
    assert addresses() == {""}
