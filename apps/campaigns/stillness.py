"""What is waited for after a verb that stops something: until nobody hands over any more of it.

Who has which message in hand is known above this app; the engine registers itself here when it is ready.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import ngettext

from .models import Campaign


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """Messages that were being handed over when something was stopped, and whose answer is still awaited: they may arrive.

    Nothing follows them. `is_exact`: otherwise it is known only that there are no more.
    """

    messages: int = 0
    is_exact: bool = True

    @property
    def sentence(self) -> str:
        if not self.messages:
            return ""
        if self.is_exact:
            words = ngettext(
                "%(count)s message had left before and still waits for the provider's answer; it may arrive. Nothing follows it.",
                "%(count)s messages had left before and still wait for the provider's answer; they may arrive. Nothing "
                "follows them.",
                self.messages,
            )
        else:
            words = ngettext(
                "At most %(count)s message had left before and still waits for the provider's answer; it may arrive. Nothing "
                "follows it.",
                "At most %(count)s messages had left before and still wait for the provider's answer; they may arrive. Nothing "
                "follows them.",
                self.messages,
            )
        return words % {"count": self.messages}


Wait = Callable[[Campaign], Unanswered]
_waits: list[Wait] = []


def register(wait: Wait) -> None:
    _waits.append(wait)


def await_stillness(campaign: Campaign) -> Unanswered:
    """To be called by a door once the verb has been committed, never inside a transaction."""
    left = [wait(campaign) for wait in _waits]
    return Unanswered(messages=sum(one.messages for one in left), is_exact=all(one.is_exact for one in left))
