"""What an e-mail address looks like to those who write it into a header or an envelope."""

import re
from functools import lru_cache

from django.core.mail.message import sanitize_address

from apps.common.text import one_line

# What most addresses look like; no parser could say more of it (RFC 5321, 4.1.2: dot-atoms, and labels of a domain).
PLAIN_ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]{1,64}(?:\.[\w!#$%&'*+/=?^`{|}~-]{1,64})*@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}", re.ASCII
)
# Which every provider's part of anymail writes alike, and no provider takes for a tag: no capitals or IDNA in the domain.
_CLEAR_ADDRESS = re.compile(r"[\w.!#$&'*+/=?^`~-]+@(?!xn--|.*\.xn--)[a-z0-9.-]+", re.ASCII)


def is_address(text: str) -> bool:
    """Whether Django can write it into a header, alone or with a display name."""
    return bool(PLAIN_ADDRESS.fullmatch(text)) or _is_other_address(text)


@lru_cache(maxsize=256)  # the sender is asked about with every message, and parsing is slow
def _is_other_address(text: str) -> bool:
    try:
        return "@" in sanitize_address(text, "utf-8") and one_line(text) == text
    except ValueError:
        return False


def is_clear_address(address: str) -> bool:
    return bool(PLAIN_ADDRESS.fullmatch(address) and _CLEAR_ADDRESS.fullmatch(address))
