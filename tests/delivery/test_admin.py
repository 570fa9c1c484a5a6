import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Touchpoint
from apps.campaigns.moments import touchpoint_words
from apps.channels.messages import Phase, TransportError
from apps.channels.transports.memory import MemoryTransport
from apps.delivery.models import Delivery
from tests.factories import make_delivery, make_planner, make_touchpoint, make_user

from .engine import expanded, states, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]
LIST = "admin:delivery_delivery_changelist"


@pytest.fixture
def ana(client):
    planner = make_planner()
    client.force_login(planner)
    return planner


def retry(client, delivery):
    chosen = {"action": "retry", "_selected_action": [delivery.pk]}
    return client.post(reverse(LIST), chosen, follow=True).content.decode()


def now_due(**fields):
    now = timezone.now()
    return expanded(1, due_at=now, now=now, **fields), now


def test_the_log_shows_who_got_what_and_why_not(client, ana):
    delivery = make_delivery(state="failed", reason="refused")

    page = client.get(reverse(LIST)).content.decode()

    assert delivery.contact.email in page
    assert "The provider refused it for good." in page


def test_the_log_says_of_which_window_and_moment_a_row_is(client, ana):
    delivery = make_delivery(state="failed", reason="refused")

    page = client.get(reverse(LIST)).content.decode()

    assert delivery.touchpoint.campaign.window.title in page
    assert touchpoint_words(delivery.touchpoint) in page


def test_the_log_asks_a_fixed_number_of_queries(client, ana, django_assert_max_num_queries):
    touchpoint = make_touchpoint()
    for _ in range(12):
        make_delivery(touchpoint=touchpoint, state="failed", reason="refused")

    with django_assert_max_num_queries(14):
        client.get(reverse(LIST))


def test_the_log_of_one_campaign(client, ana):
    mine, other = (make_delivery(state="failed", reason="refused") for _ in range(2))

    page = client.get(reverse(LIST), {"touchpoint__campaign": mine.touchpoint.campaign_id}).content.decode()

    assert mine.contact.email in page
    assert other.contact.email not in page


def test_the_log_of_one_reason(client, ana):
    mine, other = (make_delivery(state="failed", reason=reason) for reason in ("refused", "bad_address"))

    page = client.get(reverse(LIST), {"reason": "refused"}).content.decode()

    assert mine.contact.email in page
    assert other.contact.email not in page


def test_a_row_shows_what_the_provider_said(client, ana):
    _touchpoint, now = now_due()
    MemoryTransport.fail_next(TransportError("554 no <b>", permanent=True, code="554"))
    work(now)

    page = client.get(reverse("admin:delivery_delivery_change", args=[Delivery.objects.get().pk])).content.decode()

    assert "554 no &lt;b&gt;" in page
    assert 'name="_save"' not in page


def test_the_log_finds_an_error_by_its_words(client, ana):
    _touchpoint, now = now_due()
    MemoryTransport.fail_next(TransportError("mailbox unavailable", permanent=True))
    work(now)
    other = make_delivery(state="failed", reason="refused")

    page = client.get(reverse(LIST), {"q": "mailbox"}).content.decode()

    assert Delivery.objects.exclude(pk=other.pk).get().contact.email in page
    assert other.contact.email not in page


def test_a_doubt_can_be_sent_again_by_hand(client, ana, outbox):
    _touchpoint, now = now_due()
    MemoryTransport.fail_next(TransportError("reset", permanent=False, phase=Phase.AFTER))
    work(now)

    page = retry(client, Delivery.objects.get())

    assert "1 delivery leaves again now." in page
    assert AuditEvent.objects.get(verb="delivery.retried").actor == ana
    work(timezone.now())
    assert states() == {"sent": 1}


@pytest.mark.parametrize("touchpoint_state", ["sent", "cancelled"])
def test_nothing_of_a_closed_touchpoint_is_retried(client, ana, touchpoint_state):
    _touchpoint, _now = now_due()
    Delivery.objects.update(state="failed", reason="crashed")
    Touchpoint.objects.update(state=touchpoint_state, reason="window_cancelled")

    assert "cannot be retried" in retry(client, Delivery.objects.get())


def test_what_was_sent_is_not_retried(client, ana):
    _touchpoint, now = now_due()
    work(now)

    assert "cannot be retried" in retry(client, Delivery.objects.get())
    assert states() == {"sent": 1}


def test_who_may_only_look_cannot_retry(client):
    cem = make_user(is_staff=True)
    cem.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(cem)
    _touchpoint, _now = now_due()
    Delivery.objects.update(state="failed", reason="crashed")

    retry(client, Delivery.objects.get())

    assert states() == {"failed": 1}
