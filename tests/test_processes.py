import gc
import subprocess
import sys

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.conf import settings
from django.db import connection
from django.db.transaction import atomic

from apps.campaigns.content.compiled import compile_source
from apps.campaigns.content.loading import load_letters
from apps.delivery.tasks import sweep
from config.celery import COLLECTING_AFTER, app, keep_what_is_loaded, look_after_connections

# What a worker has loaded once it has everything it needs to write a message.
A_WORKER = """
import sys, config.celery
config.celery.app.loader.init_worker()
config.celery.load_what_letters_need()
from apps.delivery.links import open_urls
assert open_urls()
print(*sorted(name for name in sys.modules if name.startswith("apps.")))
"""


def test_a_worker_loads_no_page_of_the_admin():
    done = subprocess.run([sys.executable, "-c", A_WORKER], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "apps.delivery.tasks" in loaded
    assert not [name for name in loaded if ".admin" in name or name.startswith("apps.dashboard.views")]


def test_what_the_first_letter_needs_is_loaded_without_a_database():
    """The fixtures give this test none."""
    compile_source.cache_clear()
    load_letters()
    assert compile_source.cache_info().currsize == len(settings.LANGUAGES)


def test_what_a_worker_has_loaded_is_passed_over_by_collections():
    before = gc.get_threshold()
    try:
        keep_what_is_loaded()
        assert gc.get_freeze_count() > 100_000
        assert gc.get_threshold()[0] == COLLECTING_AFTER
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


on_a_server = pytest.mark.skipif("connection.vendor == 'sqlite'", reason="a database in memory is never hung up on")


@on_a_server
@pytest.mark.django_db(transaction=True)
def test_a_task_leaves_the_connection_to_the_database_open():
    connection.ensure_connection()
    before = connection.connection

    DjangoWorkerFixup(app).on_task_prerun(sweep)
    look_after_connections(sweep)

    assert connection.connection is before


@on_a_server
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_too_old_is_closed_before_a_task():
    connection.ensure_connection()
    connection.close_at = 0.0

    look_after_connections(sweep)

    assert connection.connection is None


@on_a_server
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_a_task_left_open_is_not_gone_on_with():
    atomic().__enter__()
    connection.cursor().execute("CREATE TEMPORARY TABLE left_open (id integer)")

    look_after_connections(sweep)

    assert connection.get_autocommit()
    assert not connection.in_atomic_block
    assert "left_open" not in connection.introspection.table_names()
