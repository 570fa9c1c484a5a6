"""Five hundred invented people, the same at every start."""

import random
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.audiences.models import Contact
from demo.mailbox.smtp import GONE_DOMAIN

COUNT = 500
COLLEAGUES = 24
WITHOUT_EMAIL = 12  # reached by phone only
GONE = 4  # their mailboxes refuse
OUR_DOMAIN = "acme.example"
PLANS = ("essential", "performance", "premium")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where customers live: how many of a hundred, and how people are called there."""

    share: int
    zone: str
    language: str
    region: str
    dialling: str
    first: Sequence[str]
    last: Sequence[str]


def _words(text: str) -> list[str]:
    return text.split()


FRENCH_FIRST = _words(
    "Camille Léa Manon Chloé Inès Jade Louise Zoé Hugo Lucas Nathan Théo Jules Gabriel Adrien Éloïse Bérénice Maël Noémie Rémi"
)
FRENCH_LAST = _words(
    "Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Simon Laurent Lefèvre Garcia Roux Fournier Girard Lambert Bonnet"
)
ENGLISH_FIRST = _words(
    "Olivia Amelia Grace Hannah Chloe Megan Ruth Naomi Oliver George Harry Jack Owen Ethan Caleb Isaac Priya Marcus Nadia Tomasz"
)
ENGLISH_LAST = _words(
    "Smith Jones Taylor Brown Williams Wilson Davies Evans Walker Wright Robinson Thompson Hughes Green Hall Okafor Patel Nguyen"
)
GERMAN_FIRST = _words("Anna Lena Jonas Felix Greta Moritz Jürgen Käthe Lukas Sabine")
GERMAN_LAST = _words("Müller Schmidt Schneider Fischer Weber Becker Hoffmann Schäfer Koch Krüger")
JAPANESE_FIRST = _words("Yuki Haruka Sakura Ren Sota Aoi Hina Kaito")
JAPANESE_LAST = _words("Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura")

PLACES = (
    Place(share=38, zone="Europe/Paris", language="fr", region="Europe", dialling="+336", first=FRENCH_FIRST, last=FRENCH_LAST),
    Place(share=8, zone="Europe/Brussels", language="fr", region="Europe", dialling="+3247", first=FRENCH_FIRST, last=FRENCH_LAST),
    Place(share=9, zone="America/Toronto", language="fr", region="Americas", dialling="+1514", first=FRENCH_FIRST, last=FRENCH_LAST),
    Place(share=14, zone="Europe/London", language="en", region="Europe", dialling="+447", first=ENGLISH_FIRST, last=ENGLISH_LAST),
    Place(share=12, zone="America/New_York", language="en", region="Americas", dialling="+1212", first=ENGLISH_FIRST, last=ENGLISH_LAST),
    Place(share=6, zone="America/Los_Angeles", language="en", region="Americas", dialling="+1415", first=ENGLISH_FIRST, last=ENGLISH_LAST),
    Place(share=6, zone="Europe/Berlin", language="en", region="Europe", dialling="+4915", first=GERMAN_FIRST, last=GERMAN_LAST),
    Place(share=4, zone="Asia/Tokyo", language="en", region="Asia", dialling="+8190", first=JAPANESE_FIRST, last=JAPANESE_LAST),
    Place(share=3, zone="", language="en", region="Europe", dialling="+447", first=ENGLISH_FIRST, last=ENGLISH_LAST),
)  # fmt: skip

TRADES = _words(
    "Librairie Boulangerie Atelier Maison Studio Cycles Jardins Nordic Harbour Bright Summit Cedar Maple Orion Lumière"
)
NAMES = _words("Delorme Valmy Fontaine Castel Whitby Langford Ashdown Keller Rivage Mercier Calder Belmont Sorel Hartley Aubry")


def contacts() -> list[Contact]:
    """All of them, unsaved; the first are colleagues, the last have no e-mail or a mailbox that is gone."""
    chance = random.Random(2026)
    organisations = _organisations(chance)
    taken: set[str] = set()
    return [_contact(number, chance, organisations, taken) for number in range(COUNT)]


def _organisations(chance: random.Random) -> list[str]:
    pairs = [f"{trade} {name}" for trade in TRADES for name in NAMES]
    return chance.sample(pairs, 90)


def _contact(number: int, chance: random.Random, organisations: list[str], taken: set[str]) -> Contact:
    place = chance.choices(PLACES, weights=[place.share for place in PLACES])[0]
    first, last = chance.choice(place.first), chance.choice(place.last)
    internal = number < COLLEAGUES
    organisation = "Acme" if internal else chance.choice(organisations)
    domain = OUR_DOMAIN if internal else f"{_plain(organisation)}.example"
    if COUNT - WITHOUT_EMAIL - GONE <= number < COUNT - WITHOUT_EMAIL:
        domain = GONE_DOMAIN
    reachable = number < COUNT - WITHOUT_EMAIL
    plan = chance.choices(PLANS, weights=(60, 28, 12))[0]
    return Contact(
        name=f"{first} {last}",
        email=next(_addresses(first, last, domain, taken)) if reachable else "",
        phone=f"{place.dialling}{number:06d}" if not reachable or chance.random() < 0.3 else "",
        organisation=organisation,
        time_zone=place.zone,
        language=place.language,
        is_internal=internal,
        attributes={"region": place.region} | ({"team": "support"} if internal else {"plan": plan}),
    )


def _addresses(first: str, last: str, domain: str, taken: set[str]) -> Iterator[str]:
    """first.last@domain, with a number where the name is taken."""
    for number in range(1, COUNT):
        address = f"{_plain(first)}.{_plain(last)}{number if number > 1 else ''}@{domain}"
        if address not in taken:
            taken.add(address)
            yield address


def _plain(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only)
