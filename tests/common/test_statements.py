"""A query whose statement is kept answers like the query itself, whatever is put in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q

from apps.channels.models import Channel
from apps.common.statements import Repeated
from apps.windows.models import MaintenanceWindow
from tests.factories import NOW, make_window

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def starting(since, until, most):
    rows = MaintenanceWindow.objects.filter(Q(starts_at__gt=since - DAY) & Q(starts_at__lte=until), pk__lte=most)
    return rows.order_by("pk").values_list("pk", "starts_at")[:9]


@pytest.fixture
def windows():
    return [make_window(starts_at=NOW + days * DAY) for days in range(4)]


def test_it_answers_like_the_query_each_time(windows):
    kept = Repeated(starting)
    last = windows[-1].pk

    for asked in (
        (NOW, NOW, last),
        (NOW + 2 * DAY, NOW + 3 * DAY, last),
        (NOW, NOW + 9 * DAY, windows[1].pk),
        (NOW, NOW - DAY, last),
    ):
        assert list(kept(*asked)) == list(starting(*asked))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere it builds each time")
def test_the_statement_is_built_once(windows):
    built = []
    kept = Repeated(lambda now: built.append(now) or MaintenanceWindow.objects.filter(starts_at__lte=now).values_list("pk"))

    assert [len(kept(NOW + days * DAY)) for days in range(4)] == [1, 2, 3, 4]
    assert len(built) == 1


def windows_with(**which):
    return MaintenanceWindow.objects.filter(**which).values_list("pk")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere it builds each time")
@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda at: windows_with(pk=1), id="it asks for nothing"),
        pytest.param(lambda at: windows_with(starts_at__gt=at, ends_at__lt=at - 5000 * DAY), id="a span too long"),
        pytest.param(lambda at: windows_with(starts_at__gt=at, ends_at__date=at.date()), id="a day made of an instant"),
        pytest.param(lambda at: windows_with(starts_at__gt=at).values_list("pk", flat=True), id="bare values"),
        pytest.param(lambda at: windows_with(starts_at__gt=at).values("pk"), id="mappings"),
        pytest.param(lambda at: MaintenanceWindow.objects.filter(starts_at__gt=at), id="objects"),
        pytest.param(lambda at: windows_with(starts_at__gt=at).distinct(), id="without repetition"),
        pytest.param(lambda at: windows_with(starts_at__gt=at).union(windows_with(pk=1)), id="two together"),
        pytest.param(lambda at: Channel.objects.filter(created_at__gt=at).values_list("config"), id="values that Django reads"),
    ],
)
def test_what_would_be_answered_wrongly_is_refused(build):
    with pytest.raises(TypeError):
        Repeated(build)(NOW)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere it builds each time")
def test_a_number_that_was_changed_is_refused():
    with pytest.raises(TypeError):
        Repeated(lambda most: windows_with(pk__lte=most + 1))(3)
