"""How long the parts of a message are where they are read, and how much of them fits there."""

from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from django.utils.translation import gettext as _

from apps.channels.models import ChannelKind
from apps.channels.networks import CHATS, SOCIAL, Network
from apps.channels.sms_parts import SmsSize, measure

from .content import Content

# What is shown before it is cut, about: mail programs differ by width and font.
SUBJECT_ON_PHONE, SUBJECT_ON_DESKTOP = 40, 70
PREHEADER_ON_PHONE, PREHEADER_ON_DESKTOP = 50, 110


@dataclass(frozen=True, kw_only=True)
class Length:
    """`style`: that of its badge; `sentence` says what becomes of it."""

    used: int
    limit: int
    style: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A text on one network."""

    network: str
    used: int
    limit: int

    @property
    def over(self) -> int:
        return max(0, self.used - self.limit)


@dataclass(frozen=True, kw_only=True)
class Lengths:
    subject: Length | None = None
    preheader: str = ""
    preheader_length: Length | None = None
    sms: SmsSize | None = None
    chats: Sequence[Counter] = ()
    social: Sequence[Counter] = ()


def lengths_of(content: Content, *, kind: str) -> Lengths:
    if kind == ChannelKind.SMS:
        return Lengths(sms=measure(content.text))
    if kind == ChannelKind.CHAT:
        post = f"{content.subject}\n{content.text}".strip()
        return Lengths(chats=_counters(post, CHATS), social=_counters(post, SOCIAL))
    if not content.html:
        return Lengths()
    preheader = preheader_of(content.html)
    return Lengths(
        subject=_shown(len(content.subject), SUBJECT_ON_PHONE, SUBJECT_ON_DESKTOP),
        preheader=preheader,
        preheader_length=_shown(len(preheader), PREHEADER_ON_PHONE, PREHEADER_ON_DESKTOP),
    )


def _shown(used: int, phone: int, desktop: int) -> Length:
    if used <= phone:
        return Length(used=used, limit=phone, style="ok", sentence=_("It is shown in full, on phones too."))
    if used <= desktop:
        sentence = _("Phones cut it after about %(count)d characters.") % {"count": phone}
        return Length(used=used, limit=desktop, style="info", sentence=sentence)
    sentence = _("Computers cut it after about %(desktop)d characters, phones after about %(phone)d.") % {
        "desktop": desktop,
        "phone": phone,
    }
    return Length(used=used, limit=desktop, style="warn", sentence=sentence)


def _counters(text: str, networks: Sequence[Network]) -> list[Counter]:
    return [Counter(network=network.name, used=network.count(text), limit=network.limit) for network in networks]


def preheader_of(document: str) -> str:
    """What an inbox shows beside the subject."""
    reader = _PreheaderReader()
    reader.feed(document)
    return " ".join("".join(reader.words).split())


class _PreheaderReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div":
            self._is_inside = ("class", "preheader") in attrs

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.words.append(data)
