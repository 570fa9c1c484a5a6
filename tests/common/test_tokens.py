"""Signed names: what was signed is known again, whatever signed it, and nothing else is."""

import base64
import hmac
import uuid

import pytest

from apps.common.tokens import BadToken, Purpose, Signer, SignerOfAll, sign, unsign

TOKEN = uuid.UUID("8c7c2d3e-5a41-4d0b-9d59-3f1f0a1b2c3d")


def signed_by_hmac(purpose: Purpose, number: int, key: str) -> str:
    """As the first versions signed."""
    payload = TOKEN.bytes + bytes((number,))
    signature = hmac.digest(f"preavis.{purpose}:{key}".encode(), payload, "sha256")[:12]
    return base64.urlsafe_b64encode(payload + signature).rstrip(b"=").decode()


@pytest.mark.parametrize("number", [0, 1, 255])
def test_a_signed_name_is_known_again(number):
    name = unsign(Purpose.CLICK, sign(Purpose.CLICK, TOKEN, number=number))

    assert (name.token, name.number) == (TOKEN, number)


def test_many_are_signed_alike():
    assert Signer(Purpose.OPEN)(TOKEN.bytes, number=3) == sign(Purpose.OPEN, TOKEN, number=3)


def test_names_signed_together_are_those_signed_one_by_one():
    asked = [(Purpose.OPEN, 0), (Purpose.CLICK, 255), (Purpose.CLICK, 7), (Purpose.UNSUBSCRIBE, 1)]
    together = SignerOfAll([(Signer(purpose), number) for purpose, number in asked])(TOKEN.bytes)

    assert together == [sign(purpose, TOKEN, number=number).encode() for purpose, number in asked]


def test_a_name_opens_no_other_door():
    with pytest.raises(BadToken):
        unsign(Purpose.UNSUBSCRIBE, sign(Purpose.OPEN, TOKEN))


@pytest.mark.parametrize("place", range(39))
def test_no_letter_of_it_can_be_changed(place):
    name = sign(Purpose.OPEN, TOKEN)
    changed = name[:place] + ("A" if name[place] != "A" else "B") + name[place + 1 :]

    with pytest.raises(BadToken):
        unsign(Purpose.OPEN, changed)


def test_a_key_that_was_replaced_still_opens(settings):
    name = sign(Purpose.OPEN, TOKEN)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert unsign(Purpose.OPEN, name).token == TOKEN


def test_names_in_mails_of_earlier_versions_still_open(settings):
    assert unsign(Purpose.CLICK, signed_by_hmac(Purpose.CLICK, 7, settings.SECRET_KEY)).number == 7

    with pytest.raises(BadToken):
        unsign(Purpose.CLICK, signed_by_hmac(Purpose.OPEN, 7, settings.SECRET_KEY))
