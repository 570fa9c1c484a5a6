import pytest

from apps.common.sealing import Unsealable, seal, unseal

SECRETS = {"token": "hush", "password": "pässword"}


def test_what_is_sealed_can_be_read_again():
    assert unseal(seal(SECRETS)) == SECRETS


def test_the_sealed_text_shows_nothing_and_differs_each_time():
    assert "hush" not in seal(SECRETS)
    assert seal(SECRETS) != seal(SECRETS)


def test_nothing_stays_nothing():
    assert seal({}) == ""
    assert unseal("") == {}


def test_an_earlier_key_still_opens(settings):
    sealed = seal(SECRETS)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert unseal(sealed) == SECRETS
    resealed = seal(unseal(sealed))
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(resealed) == SECRETS


@pytest.mark.parametrize("text", ["nonsense", "é", "gAAAAABnonsense"])
def test_what_was_not_sealed_here_is_refused(text):
    with pytest.raises(Unsealable):
        unseal(text)


def test_another_key_is_refused(settings):
    sealed = seal(SECRETS)
    settings.SECRET_KEY = "another"
    with pytest.raises(Unsealable):
        unseal(sealed)
