"""Two people at once: nobody overwrites times that they have not seen, and no revision is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from apps.windows import services
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.services import WindowError
from tests.factories import DAY, HOUR, NOW, make_user, make_window


@pytest.mark.django_db
def test_times_that_were_not_seen_are_not_overwritten():
    ana = make_user(username="ana")
    window = make_window(starts_at=NOW + DAY)
    stale = MaintenanceWindow.objects.get()
    services.reschedule_window(window, starts_at=NOW + 2 * DAY, ends_at=NOW + 3 * DAY, reason="", actor=ana, now=NOW)
    with pytest.raises(WindowError, match=r"ana changed “Database upgrade” meanwhile \(Rescheduled, Monday 2 March 2026"):
        services.reschedule_window(stale, starts_at=NOW + 4 * DAY, ends_at=NOW + 5 * DAY, reason="", actor=None, now=NOW)
    assert MaintenanceWindow.objects.get().starts_at == NOW + 2 * DAY


@pytest.mark.django_db
def test_pressing_a_button_twice_starts_once():
    window = make_window()
    twice = MaintenanceWindow.objects.get()
    services.start_window(window, actor=None, now=NOW)
    with pytest.raises(WindowError, match="In progress"):
        services.start_window(twice, actor=None, now=NOW + HOUR)
    assert MaintenanceWindow.objects.get().actual_started_at == NOW


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite in memory has one writer: needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_instant_one_wins_and_one_is_told():
    make_window(status=WindowStatus.IN_PROGRESS)
    barrier = Barrier(2)

    def extend(hours: int) -> str:
        window = MaintenanceWindow.objects.get()
        barrier.wait(5)
        try:
            services.extend_window(window, ends_at=window.ends_at + hours * HOUR, reason="", actor=None, now=NOW)
        except WindowError as error:
            return error.code
        finally:
            connections.close_all()
        return "won"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(extend, (1, 2)))
    window = MaintenanceWindow.objects.get()
    assert outcomes == ["stale", "won"]
    assert window.revision == window.revisions.get().number == 2
