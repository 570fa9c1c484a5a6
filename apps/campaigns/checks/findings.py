"""What the checks before scheduling find, as values. Pure."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    STOP = "stop"  # it may not be scheduled like this
    WARN = "warn"  # whoever schedules has to say that they know
    HINT = "hint"  # good to know, nothing to decide


class Place(StrEnum):
    """Where the cause of a finding lies, in the order in which planners go through a window."""

    START = "start"
    SERVICES = "services"
    PLAN = "playbook"
    AUDIENCE = "audience"
    CHANNELS = "channels"
    TEXTS = "texts"
    TRANSLATION = "translation"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence in the reader's language; `href` leads to its cause and may be empty, `where` is a Place.

    `cause` is what the sentence is about where its words change by themselves, such as “in 2 days 3 hours”.
    """

    code: str
    level: Level
    sentence: str
    href: str
    where: str
    cause: str = ""

    @property
    def key(self) -> str:
        """Names the finding in a form: it stays while a page is open, and changes with what somebody should know."""
        return f"{self.code}-{hashlib.blake2s((self.cause or self.sentence).encode(), digest_size=6).hexdigest()}"
