from datetime import UTC, datetime, timedelta

import pytest

from apps.common.standard_webhooks import BadSecret, BadSignature, check_secret, new_secret, sign, verify

# The vector of the standard's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1614265330, tz=UTC)
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_signs_as_the_standard_does():
    assert sign(SECRET, message_id=HEADERS["webhook-id"], at=AT, body=BODY) == HEADERS


def test_verifies_as_the_standard_does():
    assert verify([SECRET], headers=HEADERS, body=BODY, now=AT) == HEADERS["webhook-id"]


def test_header_names_have_no_case():
    headers = {name.title(): value for name, value in HEADERS.items()}
    assert verify([SECRET], headers=headers, body=BODY, now=AT) == HEADERS["webhook-id"]


def test_either_of_two_secrets_will_do():
    assert verify([new_secret(), SECRET], headers=HEADERS, body=BODY, now=AT)
    both = sign(new_secret(), message_id="m", at=AT, body=BODY, also=[SECRET])
    assert verify([SECRET], headers=both, body=BODY, now=AT) == "m"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"webhook-id": "another"}, "matches", id="another id"),
        pytest.param({"webhook-signature": "v1,AAAA"}, "matches", id="another signature"),
        pytest.param({"webhook-signature": HEADERS["webhook-signature"].replace("v1", "v2")}, "matches", id="another version"),
        pytest.param({"webhook-signature": "é"}, "matches", id="not ASCII"),
        pytest.param({"webhook-timestamp": "1614265331"}, "matches", id="another time"),
        pytest.param({"webhook-timestamp": "soon"}, "timestamp", id="no time"),
        pytest.param({"webhook-timestamp": "9" * 30}, "timestamp", id="absurd time"),
        pytest.param({"webhook-timestamp": "9" * 5000}, "timestamp", id="endless time"),
        pytest.param({"webhook-id": ""}, "webhook-id is missing", id="no id"),
    ],
)
def test_a_changed_header_is_refused(change, reason):
    with pytest.raises(BadSignature, match=reason):
        verify([SECRET], headers=HEADERS | change, body=BODY, now=AT)


def test_a_changed_body_is_refused():
    with pytest.raises(BadSignature):
        verify([SECRET], headers=HEADERS, body=BODY + b" ", now=AT)


def test_without_a_secret_nothing_verifies():
    with pytest.raises(BadSignature):
        verify([], headers=HEADERS, body=BODY, now=AT)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_early_call_is_refused(minutes):
    with pytest.raises(BadSignature, match="far from now"):
        verify([SECRET], headers=HEADERS, body=BODY, now=AT + timedelta(minutes=minutes))


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_é", "", "whsec_" + "A" * 100])
def test_a_malformed_secret_is_refused(secret):
    with pytest.raises(BadSecret):
        check_secret(secret)


def test_new_secrets_are_sound_and_differ():
    check_secret(new_secret())
    assert new_secret() != new_secret()
