"""What text messages cost, in a sentence."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from apps.channels.models import Channel, ChannelKind
from apps.channels.prices import cost_sentence


def by_sms(price, currency="EUR"):
    return Channel(name="SMS", slug="sms", kind=ChannelKind.SMS, part_price=price and Decimal(price), part_currency=currency)


@pytest.mark.parametrize(
    ("price", "parts", "language", "sentence"),
    [
        pytest.param("0.06", 480, "en", "About €28.80: 480 parts at €0.06 each.", id="several"),
        pytest.param("0.0583", 100_000, "en", "About €5,830.00: 100,000 parts at €0.0583 each.", id="fractions of a cent"),
        pytest.param("0.06", 1, "en", "About €0.06: 1 part.", id="one"),
        pytest.param(None, 480, "en", "", id="no price, nothing said"),
        pytest.param("0.06", 0, "en", "", id="nothing is sent"),
    ],
)
def test_cost_is_parts_times_price(price, parts, language, sentence):
    with translation.override(language):
        assert cost_sentence(by_sms(price), parts) == sentence


def test_money_is_written_as_its_reader_writes_it():
    with translation.override("fr"):
        assert "28,80\xa0€" in cost_sentence(by_sms("0.06"), 480)


@pytest.mark.parametrize("currency", ["", "EURO", "XQZ"])
def test_price_needs_a_currency_that_there_is(currency):
    with pytest.raises(ValidationError, match="three letters"):
        by_sms("0.06", currency).clean()


def test_currency_is_kept_in_capitals_and_goes_with_its_price():
    dear, free = by_sms("0.06", "eur"), by_sms(None, "EUR")
    for channel in (dear, free):
        channel.clean()
    assert (dear.part_currency, free.part_currency) == ("EUR", "")
