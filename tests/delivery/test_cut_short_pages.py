"""The pages that let go what is written in part, also where its people cannot be found any more."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.audiences.models import Segment
from apps.campaigns.models import Touchpoint
from apps.delivery.models import Delivery, Installation
from apps.delivery.policy import FIRST_PORTION, Halt
from apps.delivery.steering import pause
from tests.campaigns.admin_pages import signed_in
from tests.factories import make_campaign, make_segment, make_window

from .engine import begun, states

pytestmark = pytest.mark.django_db
MORE = FIRST_PORTION + 2


@pytest.fixture(autouse=True)
def _small_batches(settings):
    settings.DELIVERY_BATCH_SIZE = 1  # a portion is so many times that


def paused(**fields):
    """Written in part an hour ago and still of use."""
    now = timezone.now() - timedelta(hours=1)
    campaign = make_campaign(window=make_window(starts_at=now + timedelta(days=30)))
    segment = make_segment(name="Customers in Paris")
    touchpoint = begun(MORE, now=now, due_at=now, campaign=campaign, segment=segment, **fields)
    pause(touchpoint, reason="", actor=None, now=timezone.now())
    return touchpoint


def break_the_rule():
    Segment.objects.update(rule={"nonsense": True})


def resume_page(touchpoint):
    return reverse("delivery:resume", args=["touchpoint", touchpoint.pk])


def test_skipping_says_that_nobody_else_is_written_to():
    touchpoint, client = paused(), signed_in()

    text = client.post(resume_page(touchpoint), {"choice": "skip"}, follow=True).content.decode()

    assert f"{FIRST_PORTION} overdue messages were skipped. 1 touchpoint was written in part" in text
    assert states() == {"cancelled": FIRST_PORTION}


def test_skipping_needs_no_rule():
    touchpoint, client = paused(), signed_in()
    break_the_rule()

    answer = client.post(resume_page(touchpoint), {"choice": "skip"}, follow=True)

    assert answer.status_code == 200
    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.paused_at) == ("skipped", None)


def test_of_how_many_a_broken_rule_has_nothing_is_said():
    touchpoint, client = paused(), signed_in()
    break_the_rule()

    text = client.get(resume_page(touchpoint)).content.decode()

    assert "How many messages some of the touchpoints have is known when they are prepared." in text
    assert "about 0" not in text
    assert "<strong>0 messages" not in text


def test_spreading_over_a_broken_rule_says_what_is_to_be_mended_and_lets_nothing_go():
    touchpoint, client = paused(), signed_in()
    break_the_rule()

    text = client.post(resume_page(touchpoint), {"choice": "spread", "minutes": "30"}).content.decode()

    assert "The rule of the segment “Customers in Paris” is broken" in text
    touchpoint.refresh_from_db()
    assert touchpoint.paused_at is not None
    assert states() == {"pending": FIRST_PORTION}


def test_sending_now_is_left_to_the_workers():
    touchpoint, client = paused(), signed_in()
    break_the_rule()

    client.post(resume_page(touchpoint), {"choice": "now"})

    touchpoint.refresh_from_db()
    assert touchpoint.paused_at is None


def test_a_halt_says_it_as_well():
    touchpoint, client = paused(), signed_in()
    Touchpoint.objects.update(paused_at=None)
    Installation.objects.update_or_create(pk=1, defaults={"halted_at": timezone.now(), "halt": Halt.MOVED})
    break_the_rule()

    text = client.post(reverse("delivery:halt"), {"choice": "spread", "minutes": "30"}).content.decode()

    assert "The rule of the segment “Customers in Paris” is broken" in text
    assert Installation.objects.get().halted_at is not None
    assert Delivery.objects.filter(touchpoint=touchpoint).count() == FIRST_PORTION
