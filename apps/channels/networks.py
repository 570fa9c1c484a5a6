"""How long a post is as each network counts it, and how long it may be there. Pure.

X counts by weight (developer.x.com, “Counting characters”): most alphabets one, others two, an emoji two, a link 23.
Mastodon counts a link as 23, Bluesky and Threads what a reader takes for one sign; all others count characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LINK_LENGTH = 23

_LINK = re.compile(r"https?://[^\s<>\"]+")
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
_JOINER = "\u200d"


@dataclass(frozen=True, kw_only=True)
class Network:
    name: str
    limit: int
    count: Callable[[str], int]


def weight(text: str) -> int:
    text = unicodedata.normalize("NFC", text)
    return sum(_sign_weight(sign) for sign in signs(_LINK.sub("", text))) + LINK_LENGTH * len(_LINK.findall(text))


def short_links(text: str) -> int:
    return len(list(signs(_LINK.sub("", text)))) + LINK_LENGTH * len(_LINK.findall(text))


def seen(text: str) -> int:
    return sum(1 for _sign in signs(text))


def signs(text: str) -> Iterator[str]:
    """What a reader takes for one sign each: a letter with its accents, an emoji with all that is joined to it, a flag."""
    sign = ""
    for character in text:
        if sign and _goes_on(sign, character):
            sign += character
        else:
            if sign:
                yield sign
            sign = character
    if sign:
        yield sign


def _goes_on(sign: str, character: str) -> bool:
    if character == _JOINER or unicodedata.category(character).startswith("M") or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if _is_flag_half(character):
        return len(sign) == 1 and _is_flag_half(sign)
    return sign[-1] == _JOINER and _is_emoji(character)


def _sign_weight(sign: str) -> int:
    if any(map(_is_emoji, sign)):
        return 2
    return sum(1 if any(low <= ord(character) <= high for low, high in _LIGHT) else 2 for character in sign)


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_emoji(character: str) -> bool:
    return "\U0001f000" <= character <= "\U0001faff" or "\u2600" <= character <= "\u27bf" or character == "\ufe0f"


CHATS = (
    Network(name="Slack", limit=35_000, count=len),
    Network(name="Mattermost", limit=16_383, count=len),
    Network(name="Rocket.Chat", limit=5_000, count=len),
    Network(name="Telegram", limit=4_096, count=len),
    Network(name="Discord", limit=2_000, count=len),
)
SOCIAL = (
    Network(name="X", limit=280, count=weight),
    Network(name="Bluesky", limit=300, count=seen),
    Network(name="Mastodon", limit=500, count=short_links),
    Network(name="Threads", limit=500, count=seen),
    Network(name="Instagram", limit=2_200, count=len),
    Network(name="LinkedIn", limit=3_000, count=len),
    Network(name="Facebook", limit=63_206, count=len),
)
