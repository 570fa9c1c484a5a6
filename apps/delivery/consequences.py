"""What a person's word on deliveries in doubt leads to, in numbers, before it is given."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.channels.models import ChannelKind

from .models import Delivery, DeliveryState
from .resolutions import Resolution, may_repeat


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Of the deliveries that a person chose: those in doubt, those of them that may go again, and the text messages of these."""

    all: int
    repeatable: int
    text_messages: int

    @property
    def stay(self) -> int:
        return self.all - self.repeatable


def grouped(number: int) -> str:
    """As people read it: 100,000."""
    return number_format(number, force_grouping=True)


def chosen(rows: QuerySet[Delivery], *, now: datetime) -> Chosen:
    open_now = may_repeat(now)
    numbers = rows.filter(state=DeliveryState.IN_DOUBT).aggregate(
        all=Count("pk"),
        repeatable=Count("pk", filter=open_now),
        text_messages=Count("pk", filter=open_now & Q(batch__channel__kind=ChannelKind.SMS)),
    )
    return Chosen(**numbers)


def _arrived(of: Chosen) -> Iterator[str]:
    text = ngettext("%(n)s message is kept as sent.", "%(n)s messages are kept as sent.", of.all)
    yield text % {"n": grouped(of.all)} + " " + _("Nothing leaves; a bounce that comes later still counts.")
    yield _("Corrections reach these people as they reach everybody who was told.")


def _repeat(of: Chosen) -> Iterator[str]:
    if of.repeatable:
        text = ngettext(
            "%(n)s message leaves again now, under the same name.",
            "%(n)s messages leave again now, under the same name.",
            of.repeatable,
        )
        yield text % {"n": grouped(of.repeatable)} + " " + _("Mail programs show a second copy as the same message.")
    if of.text_messages:
        text = ngettext(
            "%(n)s of them is a text message: whoever has received it receives it twice.",
            "%(n)s of them are text messages: whoever has received one receives it twice.",
            of.text_messages,
        )
        yield text % {"n": grouped(of.text_messages)}
    if of.stay:
        text = ngettext(
            "%(n)s stays in doubt: its touchpoint is closed, was planned anew or is of no more use.",
            "%(n)s stay in doubt: their touchpoints are closed, were planned anew or are of no more use.",
            of.stay,
        )
        yield text % {"n": grouped(of.stay)}


def _not_arrived(of: Chosen) -> Iterator[str]:
    text = ngettext("%(n)s message is kept as failed.", "%(n)s messages are kept as failed.", of.all)
    yield text % {"n": grouped(of.all)} + " " + _("It is not sent again, and cannot be by this page.")
    yield _("These people count as not told: a correction of this message will not go to them.")
    yield _("Where the step names a second channel, they are told by it while that is of use.")


def _unknown(of: Chosen) -> Iterator[str]:
    text = ngettext("%(n)s message is kept as unknown.", "%(n)s messages are kept as unknown.", of.all)
    yield text % {"n": grouped(of.all)} + " " + _("Nothing leaves; evidence that comes later still settles it.")
    yield _("Corrections reach these people as they reach everybody who was told.")


TITLES: Mapping[Resolution, Promise] = {
    Resolution.ARRIVED: gettext_lazy("They arrived"),
    Resolution.REPEAT: gettext_lazy("They did not arrive: send them again"),
    Resolution.NOT_ARRIVED: gettext_lazy("They did not arrive: leave it at that"),
    Resolution.UNKNOWN: gettext_lazy("Leave it unknown"),
}
_SENTENCES: Mapping[Resolution, Callable[[Chosen], Iterator[str]]] = {
    Resolution.ARRIVED: _arrived,
    Resolution.REPEAT: _repeat,
    Resolution.NOT_ARRIVED: _not_arrived,
    Resolution.UNKNOWN: _unknown,
}


def consequences(resolution: Resolution, of: Chosen) -> list[str]:
    """Whole sentences; with nothing chosen that is still in doubt, the one that says so."""
    if not of.all:
        return [_("None of these is in doubt any more: what came back has settled them.")]
    return list(_SENTENCES[resolution](of))


def done(resolution: Resolution, number: int) -> str:
    """What is said when it has been done."""
    if not number:
        return _("Nothing was changed: what came back has settled them meanwhile, or they may not go again any more.")
    if resolution is Resolution.REPEAT:
        return ngettext("%(n)s delivery leaves again now.", "%(n)s deliveries leave again now.", number) % {"n": grouped(number)}
    text = ngettext("%(n)s doubt was settled: %(title)s.", "%(n)s doubts were settled: %(title)s.", number)
    return text % {"n": grouped(number), "title": TITLES[resolution]}
