"""The subscriber's own page, and what can be done there."""

import re

import pytest

from apps.accounts.models import AuditEvent
from apps.publishing import services
from tests.factories import NOW, make_user
from tests.publishing.factories import make_feed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


def page_of(path):
    return path.replace("/feeds/", "/subscribe/").removesuffix(".ics")


def test_page_offers_both_addresses_the_steps_and_a_picture_of_itself(client):
    _, path = make_feed(name="Acme")
    page = client.get(page_of(path)).content.decode()
    assert f"https://preavis.test{path}" in page
    assert f'href="webcal://preavis.test{path}"' in page
    assert 'src="data:image/svg+xml' in page
    for words in ("From URL", "Subscribe from web", "New Calendar Subscription", "No calendar has fetched it yet."):
        assert words in page
    assert "cid=" not in page


def test_page_is_in_the_language_of_the_feed_and_leaves_no_trace(client):
    _, path = make_feed(language="fr")
    response = client.get(page_of(path), headers={"accept-language": "en"})
    assert '<html lang="fr">' in response.content.decode()
    assert (response["Referrer-Policy"], response["Cache-Control"]) == ("no-referrer", "no-store")
    assert response["X-Robots-Tag"] == "noindex"
    assert not response.cookies


def test_page_keeps_to_the_strict_policy(client):
    body = client.get(page_of(make_feed()[1])).content.decode()
    assert re.findall(r"<script(?![^>]* src=)", body) == []
    assert "<style" not in body
    assert " style=" not in body


def test_page_says_when_and_by_which_program_the_feed_was_fetched(client):
    _, path = make_feed()
    client.get(path, headers={"user-agent": "curl/8.5.0"})
    assert "Last fetched on Monday 2 March 2026, 09:00 (UTC) by curl." in client.get(page_of(path)).content.decode()


def test_subscriber_chooses_language_and_reminders(client):
    feed, path = make_feed(language="en")
    response = client.post(page_of(path), {"deed": "wishes", "language": "fr", "reminders": ["60", "1440"]}, follow=True)
    feed.refresh_from_db()
    assert (feed.language, feed.reminders) == ("fr", [60, 1440])
    assert '<html lang="fr">' in response.content.decode()
    assert AuditEvent.objects.get(verb="feed.wishes_changed").actor is None


@pytest.mark.parametrize("wishes", [{"language": "xx"}, {"language": "en", "reminders": ["61"]}])
def test_wish_that_cannot_be_met_changes_nothing(client, wishes):
    feed, path = make_feed(reminders=[15])
    assert client.post(page_of(path), {"deed": "wishes", **wishes}).status_code == 422
    feed.refresh_from_db()
    assert (feed.language, feed.reminders) == ("en", [15])


def test_subscriber_gets_a_new_address(client):
    _, old = make_feed()
    response = client.post(page_of(old), {"deed": "rotate"})
    new = response["Location"].replace("/subscribe/", "/feeds/") + ".ics"
    assert [client.get(path).status_code for path in (old, page_of(old), new, page_of(new))] == [404, 404, 200, 200]


def test_subscriber_ends_the_subscription(client):
    _, path = make_feed()
    assert "has ended" in client.post(page_of(path), {"deed": "revoke"}).content.decode()
    assert [client.get(each).status_code for each in (path, page_of(path))] == [404, 404]


def test_looking_at_the_page_changes_nothing(client):
    feed, path = make_feed()
    client.get(page_of(path), {"deed": "revoke"})
    client.post(page_of(path), {"deed": "unknown"})
    feed.refresh_from_db()
    assert (feed.is_active, feed.last_used_at) == (True, None)


def test_other_methods_are_refused_and_no_address_is_logged(client, caplog):
    path = page_of(make_feed()[1])
    assert client.delete(path).status_code == 405
    assert path not in caplog.text


def test_every_wrong_address_gets_the_same_answer(client, caplog):
    _, path = make_feed()
    revoked, revoked_path = make_feed()
    services.revoke_feed(revoked, actor=None, now=NOW)
    _, gone_path = make_feed(owner=make_user(is_active=False))
    wrong = [page_of(revoked_path), page_of(gone_path), page_of(path) + "/", page_of(path)[:-1], "/subscribe/%00"]
    caplog.clear()
    answers = [client.get(each) for each in wrong] + [client.post(each, {"deed": "revoke"}) for each in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert page_of(path)[:-1].rpartition("/")[2] not in caplog.text
