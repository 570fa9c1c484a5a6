from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from apps.common.stamps import Ticks
from apps.windows.models import Service
from tests.factories import make_service

pytestmark = pytest.mark.django_db


def stamp():
    return Service.objects.aggregate(ticks=Sum(Ticks("updated_at")))["ticks"]


@pytest.mark.parametrize("instant", [datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)])
def test_ticks_are_exact_to_the_microsecond(instant):
    make_service()
    Service.objects.update(updated_at=instant)
    seconds = int(instant.timestamp())
    assert stamp() == seconds % 1_000_000 * 1_000_000 + instant.microsecond


def test_change_that_is_committed_after_a_later_one_moves_the_sum():
    late, early = make_service(), make_service()
    Service.objects.filter(pk=late.pk).update(updated_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    before = stamp()
    Service.objects.filter(pk=early.pk).update(updated_at=datetime(2026, 3, 2, 9, tzinfo=UTC) - timedelta(microseconds=1))
    assert stamp() != before
