"""How many parts an SMS takes, and which character makes it take more. Pure.

A text of the GSM 7-bit alphabet (3GPP TS 23.038) has 160 places, or 153 in each part of several; one character beyond
it turns the whole text into UCS-2, with 70 places, or 67.
"""

from dataclasses import dataclass
from enum import StrEnum

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")  # two places each: an escape and the character


class Alphabet(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


_PLACES = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (70, 67)}


@dataclass(frozen=True, kw_only=True)
class SmsSize:
    alphabet: Alphabet
    places: int  # used in all, in the alphabet's own units
    parts: int
    forced_by: str = ""  # the first character beyond GSM-7


def measure(text: str) -> SmsSize:
    """An empty text takes one part: it is a message all the same."""
    forced_by = next((sign for sign in text if sign not in GSM7_BASIC and sign not in GSM7_EXTENDED), "")
    alphabet = Alphabet.UCS2 if forced_by else Alphabet.GSM7
    widths = [_width(sign, alphabet) for sign in text]
    alone, in_several = _PLACES[alphabet]
    places = sum(widths)
    parts = 1 if places <= alone else _parts(widths, in_several)
    return SmsSize(alphabet=alphabet, places=places, parts=parts, forced_by=forced_by)


def _width(sign: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return 2 if sign in GSM7_EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1


def _parts(widths: list[int], capacity: int) -> int:
    """A character of two places is not torn between two parts, so the last place of a part may stay empty."""
    parts, used = 1, 0
    for width in widths:
        if used + width > capacity:
            parts, used = parts + 1, 0
        used += width
    return parts
