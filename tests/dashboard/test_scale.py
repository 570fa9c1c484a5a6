"""The seed at small sizes: it is exactly what was asked for, it adds up, and nothing of it can leave."""

import io

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import AuditEvent
from apps.audiences.models import Contact
from apps.campaigns.models import Touchpoint
from apps.channels.models import Channel
from apps.dashboard.scale.sizes import Fate, Sizes
from apps.delivery.models import Delivery
from apps.windows.models import MaintenanceWindow, WindowStatus
from tests.factories import make_contact

SMALL = {"contacts": 40, "windows": 40, "deliveries": 333}


def seed(**options):
    call_command("seed", "--scale", **(SMALL | options), stdout=io.StringIO())


def test_there_are_windows_of_every_fate():
    assert set(Sizes(windows=20).fates()) == set(Fate)


@pytest.mark.parametrize("deliveries", [1, 333, 1000])
def test_the_shares_make_the_whole(deliveries):
    sizes = Sizes(contacts=40, windows=40, deliveries=deliveries)
    assert sum(sizes.recipients(place) for place in range(sizes.sent_touchpoints)) == deliveries


@pytest.mark.django_db
def test_there_is_as_much_as_asked_for():
    seed()
    counts = (Contact.objects.count(), MaintenanceWindow.objects.count(), Delivery.objects.count())
    assert counts == (40, 40, 333)
    assert set(MaintenanceWindow.objects.values_list("status", flat=True)) == set(WindowStatus.values) - {WindowStatus.VERIFYING}


@pytest.mark.django_db
def test_the_ledger_of_the_seed_adds_up():
    seed()
    call_command("verify", stdout=io.StringIO())


@pytest.mark.django_db
def test_nothing_of_it_can_leave():
    seed()
    channels = Channel.objects.filter(pk__in=Touchpoint.objects.values("channel"))
    assert {(channel.kind, bool(channel.paused_at)) for channel in channels} == {("memory", True)}
    assert not Touchpoint.objects.due_for_expansion(MaintenanceWindow.objects.latest("ends_at").ends_at).exists()
    assert not Contact.objects.exclude(email__endswith="@seed.example").exists()


@pytest.mark.django_db
def test_a_database_with_data_is_refused_unless_told():
    make_contact()
    with pytest.raises(CommandError, match="--into-data"):
        seed()
    assert Contact.objects.count() == 1
    seed(into_data=True)
    assert Contact.objects.count() == 41


@pytest.mark.django_db
def test_a_second_seed_is_refused_too():
    seed()
    with pytest.raises(CommandError):
        seed()


@pytest.mark.parametrize("sizes", [{"contacts": 5}, {"windows": 3}, {"deliveries": 10_000}])
@pytest.mark.django_db
def test_sizes_that_do_not_go_together_are_refused_with_a_reason(sizes):
    with pytest.raises(CommandError, match="deliver"):
        seed(**sizes)
    assert not AuditEvent.objects.exists()
