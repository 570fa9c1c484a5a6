"""Real payloads of mail providers, through the real webhook addresses of django-anymail."""

import base64
import hashlib
import hmac
import json

import pytest
from anymail.signals import tracking
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from django.test import override_settings

from apps.audiences.models import Suppression
from apps.delivery.models import DeliveryState
from apps.tracking import answers
from apps.tracking.esp import Bounce, bounce_of
from apps.tracking.models import Event, ProviderEvent
from tests.factories import DAY, NOW, make_contact, make_delivery
from tests.tracking.factories import make_sent_delivery

pytestmark = pytest.mark.django_db

AUTH = {"authorization": "Basic " + base64.b64encode(b"hook:secret").decode()}
MAILGUN_KEY = "key-0123456789"


@pytest.fixture(autouse=True)
def keys(time_machine):
    time_machine.move_to(NOW, tick=False)
    with override_settings(ANYMAIL={"WEBHOOK_SECRET": "hook:secret", "MAILGUN_WEBHOOK_SIGNING_KEY": MAILGUN_KEY}):
        yield


@pytest.fixture
def delivery():
    return make_sent_delivery(contact=make_contact(email="cem@example.org"), sent_at=NOW - 2 * DAY)


def post(client, provider, payload, *, handle=True, **headers):
    response = client.post(
        f"/anymail/{provider}/tracking/", json.dumps(payload), content_type="application/json", headers=AUTH | headers
    )
    if handle:
        answers.handle_provider_events(now=NOW)
    return response


def postmark_delivery(delivery):
    return {
        "RecordType": "Delivery",
        "ServerID": 23,
        "MessageStream": "outbound",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Recipient": "cem@example.org",
        "Tag": "welcome-email",
        "DeliveredAt": "2026-03-01T09:21:10Z",
        "Details": "smtp;250 2.0.0 OK 1415110870",
        "Metadata": {"delivery": delivery.token.hex},
    }


def postmark_bounce(
    delivery, kind="HardBounce", details="smtp;550 5.1.1 The email account that you tried to reach does not exist."
):
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "Test",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": details,
        "Email": "cem@example.org",
        "From": "maintenance@example.com",
        "BouncedAt": "2026-03-01T10:01:00.1234567-05:00",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Test subject",
        "Metadata": {"delivery": delivery.token.hex},
    }


def postmark_open(delivery, agent):
    return {
        "RecordType": "Open",
        "MessageStream": "outbound",
        "FirstOpen": True,
        "Client": {"Name": "Chrome 35.0.1916.153", "Company": "Google", "Family": "Chrome"},
        "OS": {"Name": "OS X 10.7 Lion", "Company": "Apple Computer, Inc.", "Family": "OS X 10"},
        "Platform": "WebMail",
        "UserAgent": agent,
        "Geo": {"CountryISOCode": "RS", "IP": "188.2.95.4"},
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Metadata": {"delivery": delivery.token.hex},
        "ReceivedAt": "2026-03-01T14:01:05Z",
        "Tag": "welcome-email",
        "Recipient": "cem@example.org",
    }


def mailgun(delivery, event, *, token="0123456789abcdef0123456789abcdef0123456789abcdef01", key=MAILGUN_KEY, **more):
    timestamp = "1772355600"
    signature = hmac.new(key.encode(), (timestamp + token).encode(), hashlib.sha256).hexdigest()
    data = {
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "event": event,
        "timestamp": 1772355600.123,
        "log-level": "info",
        "recipient": "cem@example.org",
        "recipient-domain": "example.org",
        "tags": [],
        "user-variables": {"delivery": delivery.token.hex},
        "message": {"headers": {"message-id": "20260301@mg.example.com", "to": "cem@example.org"}},
    }
    return {"signature": {"timestamp": timestamp, "token": token, "signature": signature}, "event-data": data | more}


def brevo(delivery, event, **more):
    return {
        "event": event,
        "email": "cem@example.org",
        "id": 26224,
        "date": "2026-03-01 09:00:00",
        "ts": 1772355600,
        "message-id": "<202603010900.12345@smtp-relay.mailin.fr>",
        "ts_event": 1772355600,
        "ts_epoch": 1772355600000,
        "subject": "Maintenance",
        "X-Mailin-custom": json.dumps({"delivery": delivery.token.hex}),
        "tag": "",
        "sending_ip": "185.41.28.109",
    } | more


def ses(kind, body, *, metadata=None, message_id="01000190-aaaa"):
    headers = [{"name": "X-Metadata", "value": json.dumps(metadata)}] if metadata else []
    mail = {
        "timestamp": "2026-03-01T09:00:00.000Z",
        "messageId": message_id,
        "destination": ["cem@example.org"],
        "headers": headers,
    }
    return {
        "Type": "Notification",
        "MessageId": f"sns-{kind}",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses",
        "Message": json.dumps({"eventType": kind.capitalize(), "mail": mail, kind: body}),
        "Timestamp": "2026-03-01T09:00:00.000Z",
        "SignatureVersion": "1",
    }


def report_ses(notification):
    """As anymail's view does it; the view itself wants boto3, which is installed only where SES is used."""
    view = object.__new__(AmazonSESTrackingWebhookView)
    for event in view.esp_to_anymail_events(json.loads(notification["Message"]), notification):
        tracking.send(sender=view.__class__, event=event, esp_name=view.esp_name)
    answers.handle_provider_events(now=NOW)


def state_of(delivery):
    delivery.refresh_from_db()
    return delivery.state


def test_delivered_message_gets_its_event(client, delivery):
    assert post(client, "postmark", postmark_delivery(delivery)).status_code == 200
    event = Event.objects.get()
    assert (event.delivery, event.type, event.source, event.verdict) == (delivery, "delivered", "Postmark", "")
    assert event.at.isoformat() == "2026-03-01T09:21:10+00:00"


def test_repeated_report_adds_nothing(client, delivery):
    for _ in range(3):
        post(client, "postmark", postmark_delivery(delivery))
    assert Event.objects.count() == ProviderEvent.objects.count() == 1


def test_receiver_only_stores(client, delivery):
    post(client, "postmark", postmark_bounce(delivery), handle=False)
    assert Event.objects.count() == Suppression.objects.count() == 0
    assert answers.handle_provider_events(now=NOW) == 1
    assert answers.handle_provider_events(now=NOW) == 0


def test_report_without_the_webhooks_password_is_refused(client, delivery):
    response = post(client, "postmark", postmark_delivery(delivery), authorization="Basic eDp5")
    assert response.status_code == 400
    assert not ProviderEvent.objects.exists()


def test_hard_bounce_fails_the_delivery_and_spares_the_address(client, delivery):
    post(client, "postmark", postmark_bounce(delivery))
    assert state_of(delivery) == DeliveryState.FAILED
    row = Suppression.objects.get()
    assert (row.address, row.reason, row.segment) == ("cem@example.org", "hard_bounce", None)
    assert "5.1.1" in row.note
    assert Event.objects.get().detail["bounce"] == "hard"


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        pytest.param("SoftBounce", "smtp;550 5.1.1 unknown user", id="the provider calls it soft"),
        pytest.param("HardBounce", "smtp;552 5.2.2 Over quota", id="a full mailbox passes"),
        pytest.param("HardBounce", "smtp;550 5.7.1 Rejected by policy", id="policy is not the address's fault"),
        pytest.param("HardBounce", "smtp;451 4.3.0 Try later", id="temporary"),
    ],
)
def test_other_bounces_fail_the_delivery_only(client, delivery, kind, details):
    post(client, "postmark", postmark_bounce(delivery, kind, details))
    assert state_of(delivery) == DeliveryState.FAILED
    assert not Suppression.objects.exists()


def test_complaint_suppresses_and_leaves_the_delivery_sent(client, delivery):
    complaint = postmark_bounce(delivery, "SpamComplaint", "Test spam complaint details") | {"RecordType": "SpamComplaint"}
    post(client, "postmark", complaint)
    assert state_of(delivery) == DeliveryState.SENT
    assert Suppression.objects.get().reason == "complaint"


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_7_5) Chrome/140.0 Safari/537.36", "human"), ("Mozilla/5.0", "prefetch")],
)
def test_open_seen_by_the_provider_is_judged_like_our_own(client, delivery, agent, verdict):
    post(client, "postmark", postmark_open(delivery, agent))
    assert (Event.objects.get().type, Event.objects.get().verdict) == ("opened", verdict)


def test_mailgun_report_with_a_valid_signature_is_taken(client, delivery):
    permanent = {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "message": "5.1.1 no such user"}}
    assert post(client, "mailgun", mailgun(delivery, "failed", **permanent)).status_code == 200
    assert state_of(delivery) == DeliveryState.FAILED
    assert Suppression.objects.get().reason == "hard_bounce"


def test_mailgun_temporary_failure_is_a_delay(client, delivery):
    post(client, "mailgun", mailgun(delivery, "failed", severity="temporary", reason="generic"))
    assert Event.objects.get().type == "deferred"
    assert state_of(delivery) == DeliveryState.SENT


def test_mailgun_report_with_another_key_is_refused(client, delivery):
    assert post(client, "mailgun", mailgun(delivery, "opened", key="other")).status_code == 400
    assert not ProviderEvent.objects.exists()


def test_captured_mailgun_signature_opens_the_door_once(client, delivery):
    post(client, "mailgun", mailgun(delivery, "delivered"))
    assert post(client, "mailgun", mailgun(delivery, "complained")).status_code == 200
    assert [event.type for event in Event.objects.all()] == ["delivered"]
    assert not Suppression.objects.exists()


def test_provider_knows_a_machine_that_we_do_not(client, delivery):
    client_info = {"client-type": "browser", "user-agent": "Mozilla/5.0 (Macintosh) Safari/537.36", "bot": "apple"}
    post(client, "mailgun", mailgun(delivery, "opened", **{"client-info": client_info}))
    assert (Event.objects.get().verdict, Event.objects.get().rule) == ("machine", "provider-flag")


@pytest.mark.parametrize(
    ("event", "verdict"), [("unique_opened", "unknown"), ("unique_proxy_open", "machine"), ("proxy_open", "machine")]
)
def test_brevo_tells_proxies_by_the_event(client, delivery, event, verdict):
    post(client, "brevo", brevo(delivery, event))
    assert Event.objects.get().verdict == verdict


@pytest.mark.parametrize(
    ("event", "suppressed"), [("hard_bounce", True), ("invalid_email", True), ("soft_bounce", False), ("blocked", False)]
)
def test_brevo_bounces(client, delivery, event, suppressed):
    post(client, "brevo", brevo(delivery, event, reason="bounced"))
    assert state_of(delivery) == DeliveryState.FAILED
    assert Suppression.objects.exists() is suppressed


@pytest.mark.parametrize(("kind", "suppressed"), [("Permanent", True), ("Transient", False), ("Undetermined", False)])
def test_ses_bounce_through_sns(delivery, kind, suppressed):
    bounced = [{"emailAddress": "cem@example.org", "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1"}]
    bounce = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": bounced, "feedbackId": "x"}
    report_ses(ses("bounce", bounce, metadata={"delivery": delivery.token.hex}))
    assert state_of(delivery) == DeliveryState.FAILED
    assert Suppression.objects.exists() is suppressed


@pytest.mark.parametrize("stored", ["01000190-aaaa", "<01000190-aaaa>"])
def test_report_without_our_metadata_is_matched_by_the_providers_id(stored):
    delivery = make_sent_delivery(provider_id=stored.strip("<>"))
    body = {"recipients": ["cem@example.org"], "smtpResponse": "250 ok"}
    report_ses(ses("delivery", body, message_id=stored))
    assert Event.objects.get().delivery == delivery


def test_report_that_names_our_message_id_is_matched_by_it(client, delivery):
    report = brevo(delivery, "delivered", **{"message-id": f"<{delivery.token.hex}@preavis.test>"})
    del report["X-Mailin-custom"]
    post(client, "brevo", report)
    assert Event.objects.get().delivery == delivery


def test_report_by_an_id_that_a_whole_call_shares_is_taken_for_nobodys():
    for _ in range(2):
        make_sent_delivery(provider_id="call-1")
    report_ses(ses("delivery", {"recipients": ["cem@example.org"], "smtpResponse": "250 ok"}, message_id="call-1"))
    assert ProviderEvent.objects.get().note == answers.NO_MATCH
    assert not Event.objects.exists()


def test_report_about_somebody_elses_message_is_kept_and_does_nothing(client, delivery):
    report = brevo(delivery, "hard_bounce")
    del report["X-Mailin-custom"]
    assert post(client, "brevo", report).status_code == 200
    assert ProviderEvent.objects.get().note == answers.NO_MATCH
    assert not Suppression.objects.exists()


def test_delivery_in_doubt_is_settled_by_the_report(client):
    delivery = make_delivery(state=DeliveryState.IN_DOUBT, reason="worker_lost")
    post(client, "postmark", postmark_delivery(delivery))
    assert state_of(delivery) == DeliveryState.SENT


@pytest.mark.parametrize("sign", ["complaint", "unsubscribe"])
def test_nobody_complains_or_leaves_because_of_what_did_not_arrive(client, sign):
    delivery = make_delivery(state=DeliveryState.IN_DOUBT, reason="worker_lost")
    if sign == "unsubscribe":
        post(client, "brevo", brevo(delivery, "unsubscribe"))
    else:
        post(client, "postmark", postmark_bounce(delivery, "SpamComplaint", "Test") | {"RecordType": "SpamComplaint"})
    assert state_of(delivery) == DeliveryState.SENT


def test_providers_unsubscribe_stops_the_segment(client, delivery):
    post(client, "brevo", brevo(delivery, "unsubscribe"))
    assert (Suppression.objects.get().reason, Suppression.objects.get().segment) == ("unsubscribed", delivery.touchpoint.segment)


def test_report_that_cannot_be_handled_does_not_hold_up_the_next(client, delivery, monkeypatch):
    post(client, "brevo", brevo(delivery, "delivered"), handle=False)
    post(client, "brevo", brevo(delivery, "unique_opened"), handle=False)
    whole = answers._event

    def fail_once(report, row):
        if report.payload["type"] == "delivered":
            raise KeyError("a bug")
        return whole(report, row)

    monkeypatch.setattr(answers, "_event", fail_once)
    assert answers.handle_provider_events(now=NOW) == 2
    assert [event.type for event in Event.objects.all()] == ["opened"]
    assert ProviderEvent.objects.get(note=answers.NOT_UNDERSTOOD).handled_at == NOW


def test_strange_characters_are_stored(client, delivery):
    post(client, "brevo", brevo(delivery, "hard_bounce", reason="550\x00 \ud800 gone"))
    assert Event.objects.get().detail["response"] == "550  gone"


def test_event_from_the_future_happened_when_we_heard_of_it(client, delivery):
    post(client, "brevo", brevo(delivery, "delivered", ts_epoch=4102444800000))
    assert Event.objects.get().at == NOW


@pytest.mark.parametrize(
    ("response", "reason", "bounce"),
    [
        ("550 5.1.1 no such user", "bounced", Bounce.HARD),
        ("550 5.2.2 quota", "bounced", Bounce.SOFT),
        ("550 5.7.26 unauthenticated", "bounced", Bounce.POLICY),
        ("421 4.7.0 later", "bounced", Bounce.SOFT),
        ("delivered from 192.5.1.1 refused", "other", Bounce.SOFT),
        ("no such user", "bounced", Bounce.HARD),
        ("no such user", "invalid", Bounce.HARD),
        ("blocked", "blocked", Bounce.SOFT),
        ("", "", Bounce.SOFT),
    ],
)
def test_status_code_decides_where_the_provider_says_nothing(response, reason, bounce):
    payload = {"raw": {}, "response": response, "description": "", "reject_reason": reason}
    assert bounce_of("Some provider", payload) is bounce
