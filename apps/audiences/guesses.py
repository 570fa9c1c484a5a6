"""What the columns of a file probably mean: by what was decided for their names before, by the names, by what stands in them."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from apps.common.zones import zone_names

from .columns import LANGUAGES, Columns, folded, meaning_of
from .rules import ATTRIBUTE, ATTRIBUTE_NAME

SAMPLES = 20  # rows that are looked at

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"(\+|00)[\d\s().-]{7,}")
# In the order of certainty; a short list of languages looks like many other things.
_SIGNS: Mapping[str, Callable[[str], bool]] = {
    "email": lambda text: bool(_EMAIL.fullmatch(text)),
    "phone": lambda text: bool(_PHONE.fullmatch(text)),
    "time_zone": lambda text: text in zone_names(),
    "language": lambda text: folded(text) in (*LANGUAGES, *LANGUAGES.values()),
}


def guess(header: Sequence[str], samples: Sequence[Sequence[str]], remembered: Mapping[str, str]) -> tuple[str, ...]:
    """One meaning per column; no meaning twice. `remembered` is by folded name."""
    meanings = [""] * len(header)

    def take(place: int, meaning: str) -> None:
        if meaning and not meanings[place] and meaning not in meanings:
            meanings[place] = meaning

    for place, name in enumerate(header):
        take(place, remembered.get(folded(name), ""))
    for place, name in enumerate(header):
        if folded(name) not in remembered:
            take(place, meaning_of(name))
    for meaning, looks_like in _SIGNS.items():
        for place, name in enumerate(header):
            texts = [row[place].strip() for row in samples if place < len(row) and row[place].strip()]
            if texts and folded(name) not in remembered and all(map(looks_like, texts)):
                take(place, meaning)
    return tuple(meanings)


def attribute_name(header: str) -> str:
    """A name by which segments can ask for a column: “N° de client” → “n_de_client”."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", header) if not unicodedata.combining(sign))
    name = re.sub(r"\W+", "_", bare.casefold()).strip("_0123456789")[:63]
    return name if ATTRIBUTE_NAME.fullmatch(name) else ""


def to_remember(columns: Columns) -> dict[str, str]:
    """By folded name; a name that stands over several columns says nothing."""
    names = [folded(name) for name in columns.header]
    pairs = zip(names, columns.meanings, strict=True)
    return {name: meaning for name, meaning in pairs if name and len(name) <= 200 and names.count(name) == 1}


def is_attribute(meaning: str) -> bool:
    return meaning.startswith(ATTRIBUTE)
