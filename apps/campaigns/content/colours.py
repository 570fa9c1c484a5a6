"""Colours and how well one is read upon another (WCAG 2.2, 1.4.3). Pure."""

import re
from itertools import pairwise

READABLE = 4.5  # of text of ordinary size
WHITE, INK, BLACK = "#ffffff", "#0b1520", "#000000"
STEPS = 40

_HEX = re.compile(r"#[0-9a-f]{6}\Z", re.IGNORECASE)


def is_colour(text: str) -> bool:
    return bool(_HEX.match(text))


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`share` of `other` in `one`."""
    parts = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def written_on(surface: str) -> str:
    """White or ink, whichever is read better; black on the few surfaces where neither is read well."""
    best = max((WHITE, INK), key=lambda colour: contrast(colour, surface))
    return best if readable(best, surface) else BLACK


def readable(colour: str, *surfaces: str) -> bool:
    return all(contrast(colour, surface) >= READABLE for surface in surfaces)


def nearest_readable(colour: str, *surfaces: str) -> str:
    """The colour itself, or as little of it mixed with black or white as makes it readable."""
    ways = ([mix(colour, end, step / STEPS) for step in range(STEPS + 1)] for end in (BLACK, WHITE))
    found = [next(((place, made) for place, made in enumerate(way) if readable(made, *surfaces)), None) for way in ways]
    return min((each for each in found if each), default=(0, written_on(surfaces[0])))[1]


def quieter(text: str, *surfaces: str) -> str:
    """The text's colour, faded towards the first surface as far as it stays readable on all of them, 30 % at most."""
    shades = [mix(text, surfaces[0], 0.3 * step / STEPS) for step in range(STEPS + 1)]
    return next((before for before, after in pairwise(shades) if not readable(after, *surfaces)), shades[-1])


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
