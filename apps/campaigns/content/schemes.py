"""A letter as a reader sees it who prefers light or dark, wherever it is looked at."""

from enum import StrEnum

_ASKS = "@media (prefers-color-scheme:dark)"


class Scheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


def in_scheme(document: str, scheme: Scheme) -> str:
    """The dark rules hold always, or never."""
    return document.replace(_ASKS, "@media all" if scheme is Scheme.DARK else "@media not all")
