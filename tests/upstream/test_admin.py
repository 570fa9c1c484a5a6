from email.message import EmailMessage

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign
from apps.upstream.models import NoticeFile, NoticeState, UpstreamNotice, UpstreamObject
from apps.windows.models import MaintenanceWindow, WindowStatus
from tests.campaigns.admin_pages import INLINE
from tests.factories import NOW, make_planner, make_playbook, make_service, make_user
from tests.upstream.factories import calendar, event, receive

pytestmark = pytest.mark.django_db

LIST = "/admin/upstream/upstreamnotice/"
MOVED = {"SEQUENCE": 2, "DTSTART": "20260402T000000Z", "DTEND": "20260402T040000Z"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture(autouse=True)
def playbook():
    return make_playbook()


@pytest.fixture
def ana(client):
    ana = make_planner(username="ana")
    client.force_login(ana)
    return ana


def text(response):
    return response.content.decode()


def page_of(notice):
    return f"{LIST}{notice.pk}/change/"


def press(client, notice, name, **values):
    seen = client.get(page_of(notice)).context["seen"]
    response = client.post(page_of(notice), {"seen": seen, name: "1", **values}, follow=True)
    notice.refresh_from_db()
    return response


def upload(client, content, name="notice.ics"):
    return client.post(LIST + "upload/", {"file": SimpleUploadedFile(name, content)}, follow=True)


def promised():
    """A window that a planner has scheduled, and the provider's wish to move it."""
    window = receive().window
    window.services.set([make_service("Checkout")])
    campaigns.release(Campaign.objects.get(window=window), actor=None, now=NOW)
    return receive(event(**MOVED))


def test_an_empty_list_says_the_next_step(client, ana):
    page = text(client.get(LIST))
    assert "No notice waits for you" in page
    assert reverse("admin:upstream_upstreamnotice_upload") in page


def test_the_list_shows_what_waits_and_the_rest_on_request(client, ana):
    receive()
    receive(event(UID="43", SUMMARY="Called off", X_MAINTNOTE_STATUS="CANCELLED"))
    assert ["Fibre works" in text(client.get(LIST)), "Called off" in text(client.get(LIST))] == [True, False]
    assert "Called off" in text(client.get(LIST + "?state=settled"))


def test_the_list_takes_the_same_number_of_queries_however_long(client, ana, django_assert_max_num_queries):
    receive(*(event(UID=number) for number in range(20)))
    with django_assert_max_num_queries(15):
        client.get(LIST)


def test_a_file_is_looked_into_before_anything_is_saved(client, ana):
    page = text(upload(client, calendar(event(), event(UID="b", DTSTART="soon"))))
    assert "1 notice is new." in page
    assert "Becomes a draft of a window." in page
    assert "DTSTART: “soon” is not a time" in page
    assert not UpstreamNotice.objects.exists()


def test_a_file_is_taken_in_once_it_is_confirmed(client, ana):
    upload(client, calendar(event()))
    page = client.post(f"{LIST}upload/{NoticeFile.objects.get().pk}/", {"take": "1"}, follow=True)
    assert "1 notice was taken in." in text(page)
    assert MaintenanceWindow.objects.get().created_by == ana
    assert not NoticeFile.objects.exists()


def test_a_file_is_discarded(client, ana):
    upload(client, calendar(event()))
    client.post(f"{LIST}upload/{NoticeFile.objects.get().pk}/", {"discard": "1"})
    assert not NoticeFile.objects.exists()
    assert not UpstreamNotice.objects.exists()


def test_a_file_that_says_nothing_new_offers_nothing_to_take_in(client, ana):
    receive()
    page = text(upload(client, calendar(event())))
    assert "1 notice says nothing new." in page
    assert 'name="take"' not in page


def test_a_whole_message_may_be_uploaded(client, ana):
    message = EmailMessage()
    message["Subject"], message["From"] = "Maintenance", "noc@carrier.example"
    message.set_content("See attached.")
    message.add_attachment(calendar(event()), maintype="text", subtype="calendar", filename="notice.ics")
    assert "1 notice is new." in text(upload(client, message.as_bytes(), "notice.eml"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "This is not a calendar file"),
        (b"From: a@example.org\r\nSubject: x\r\n\r\nhello", "The message carries no calendar."),
    ],
)
def test_a_file_of_another_kind_is_refused_in_a_sentence(client, ana, content, sentence):
    assert sentence in text(upload(client, content))


def test_ten_thousand_events_are_looked_into_and_the_first_shown(client, ana):
    page = text(upload(client, calendar(*(event(UID=number) for number in range(1000)))))
    assert "1000 notices are new." in page.replace(",", "")
    assert "The first 200 of 1000 notices are shown" in page.replace(",", "")


def test_a_planner_chooses_the_services_of_a_draft(client, ana):
    notice, checkout = receive(), make_service("Checkout")
    press(client, notice, "_services", object_0=[checkout.pk])
    assert list(notice.window.services.all()) == [checkout]
    assert UpstreamObject.objects.get().decided_by == ana


def test_a_proposal_shows_both_sides_and_what_it_leads_to(client, ana):
    page = text(client.get(page_of(promised())))
    assert "Wednesday 1 April 2026" in page
    assert "Thursday 2 April 2026" in page
    assert "What this leads to" in page
    assert "Our provider has changed its maintenance." in page


def test_a_planner_applies_a_proposal(client, ana):
    notice = promised()
    press(client, notice, "_apply", reason="Our carrier moved.")
    assert MaintenanceWindow.objects.get().starts_at.day == 2
    assert notice.state == NoticeState.SETTLED


def test_a_proposal_is_explained_in_each_language(client, ana):
    notice = promised()
    page = text(client.get(page_of(notice)))
    assert "Notre fournisseur a modifié sa maintenance." in page
    press(client, notice, "_apply", reason="Our carrier moved.", reason_fr="Notre opérateur a changé de date.")
    said = MaintenanceWindow.objects.get().revisions.latest("number").reason_translations
    assert said == {"fr": "Notre opérateur a changé de date."}


def test_a_proposal_is_not_applied_without_a_reason(client, ana):
    notice = promised()
    assert "Give the reason" in text(press(client, notice, "_apply", reason=""))
    assert notice.state == NoticeState.PROPOSED


def test_a_planner_leaves_the_window_as_it_is(client, ana):
    notice = promised()
    press(client, notice, "_leave")
    assert (notice.state, MaintenanceWindow.objects.get().starts_at.day) == (NoticeState.SETTLED, 1)


def test_what_has_changed_since_it_was_seen_is_not_decided(client, ana):
    notice = promised()
    response = client.post(page_of(notice), {"seen": "old", "_leave": "1"}, follow=True)
    assert "It has changed since you opened this page" in text(response)
    notice.refresh_from_db()
    assert notice.state == NoticeState.PROPOSED


def test_a_notice_is_set_aside_and_taken_up_again(client, ana):
    notice = receive()
    press(client, notice, "_aside")
    assert notice.state == NoticeState.SET_ASIDE
    press(client, notice, "_take_up")
    assert (notice.state, notice.window.status) == (NoticeState.DRAFTED, WindowStatus.DRAFT)


def test_who_may_not_change_windows_decides_nothing(client):
    client.force_login(make_user(is_staff=True))
    assert client.get(LIST + "upload/").status_code == 403
    assert client.get(page_of(receive())).status_code == 403


def test_the_pages_keep_to_the_content_security_policy(client, ana):
    upload(client, calendar(event(), event(UID="b", DTSTART="soon")))
    pages = [LIST, LIST + "upload/", f"{LIST}upload/{NoticeFile.objects.get().pk}/", page_of(promised())]
    assert [INLINE.findall(text(client.get(page))) for page in pages] == [[]] * 4


def test_the_provider_cannot_write_markup_into_the_page(client, ana):
    notice = receive(event(SUMMARY="<script>alert(1)</script>", DESCRIPTION="<img src=x onerror=alert(1)>"))
    assert "<script>alert" not in text(client.get(page_of(notice))) + text(client.get(LIST))


def test_what_was_chosen_of_an_object_can_be_mended(client, ana):
    notice, checkout = receive(), make_service("Checkout")
    press(client, notice, "_services", object_0=[make_service("Search").pk])
    row = UpstreamObject.objects.get()
    client.post(reverse("admin:upstream_upstreamobject_change", args=[row.pk]), {"services": [checkout.pk]})
    assert list(row.services.all()) == [checkout]
    assert row.decided_at == timezone.now()


def test_the_first_page_says_that_notices_wait(client, ana):
    receive()
    page = text(client.get("/admin/"))
    assert "1 notice of a provider waits for you." in page
