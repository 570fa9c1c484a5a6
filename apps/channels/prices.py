"""What text messages cost, as far as a channel says what one part does."""

from decimal import Decimal

from babel.numbers import format_currency
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext

from .models import Channel


def cost_sentence(channel: Channel | None, parts: int) -> str:
    """“About €28.80: 480 parts at €0.06 each.” Nothing without a price, or where nothing is sent."""
    if channel is None or channel.part_price is None or not parts:
        return ""
    sentence = ngettext("About %(cost)s: %(parts)s part.", "About %(cost)s: %(parts)s parts at %(price)s each.", parts)
    return sentence % {
        "cost": _money(channel.part_price * parts, channel.part_currency),
        "parts": number_format(parts, force_grouping=True),
        "price": _money(channel.part_price, channel.part_currency, is_exact=True),
    }


def _money(amount: Decimal, currency: str, *, is_exact: bool = False) -> str:
    """`is_exact`: with all its places, since parts cost fractions of a cent."""
    shown = amount.normalize() if is_exact else amount
    return format_currency(shown, currency, locale=get_language() or "en", decimal_quantization=not is_exact)
