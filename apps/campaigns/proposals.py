"""What a window would lead to, before it is scheduled: its plan, and what a planner should know of first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.channels.models import ChannelKind
from apps.common.times import format_duration, format_period
from apps.windows.models import MaintenanceWindow, Service
from apps.windows.rules import notice_warning
from apps.windows.sentences import notice_sentence, overlap_sentences
from apps.windows.services import find_overlaps

from .board import Board, planned_board
from .estimates import lateness_words, longest_words
from .languages import language_name
from .models import Campaign, MessageTemplate, Playbook
from .moments import instant_words
from .planner import PlanWindow
from .plans import plan_window, preview_plan


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A sentence and the field it stands beside; `url` leads to its cause."""

    text: str
    beside: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    times: str
    announced: str
    board: Board
    warnings: Sequence[Advice]
    zone: str
    now: datetime

    @property
    def first(self) -> str:
        """When the first message leaves, in words; empty when none does."""
        return instant_words(self.board.first_at, self.zone) if self.board.first_at else ""

    @property
    def last(self) -> str:
        return instant_words(self.board.last_at, self.zone) if self.board.last_at else ""

    @property
    def longest(self) -> str:
        return longest_words(self.board)

    @property
    def leaves_at_once(self) -> bool:
        return self.board.first_at is not None and self.board.first_at <= self.now


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is known of the window; `languages` are those in which it says something about itself."""

    window: PlanWindow
    impact: str
    services: Sequence[Service]
    playbook: Playbook
    languages: frozenset[str]
    notes: Sequence[str] = ()
    existing: MaintenanceWindow | None = None


def propose(wish: Wish, *, now: datetime) -> Proposal:
    """Reads only. The plan is the one that scheduling at `now` would make."""
    window, language = wish.window, get_language() or "en"
    rows = preview_plan(window, wish.playbook, now=now)
    board = planned_board(rows, zone=window.time_zone, now=now, starts_at=window.starts_at)
    return Proposal(
        times=format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=language),
        announced=_announced_words(window, language),
        board=board,
        warnings=list(_warnings(wish, board, now=now)),
        zone=window.time_zone,
        now=now,
    )


def _announced_words(window: PlanWindow, language: str) -> str:
    shortest, longest = window.duration, window.announced_ends_at - window.starts_at
    if shortest == longest:
        return format_duration(shortest, language=language)
    return _("%(shortest)s, announced as up to %(longest)s") % {
        "shortest": format_duration(shortest, language=language),
        "longest": format_duration(longest, language=language),
    }


def _warnings(wish: Wish, board: Board, *, now: datetime) -> Iterator[Advice]:
    for note in wish.notes:
        yield Advice(text=note, beside="start")
    notice = notice_warning(wish.impact, wish.window.duration, wish.window.starts_at - now)
    if notice:
        yield Advice(text=notice_sentence(notice), beside="start")
    yield from _overlaps(wish)
    yield from _untranslated(wish, board)
    yield from _unwritten(board)
    for sentence in lateness_words(board, zone=wish.window.time_zone, now=now):
        yield Advice(text=sentence, beside="playbook", url=reverse("admin:campaigns_playbook_change", args=[wish.playbook.pk]))
    if not board.leaving:
        yield Advice(text=_("Nothing of this plan would leave by itself."), beside="playbook")


def _overlaps(wish: Wish) -> Iterator[Advice]:
    window = wish.window
    found = find_overlaps(starts_at=window.starts_at, ends_at=window.ends_at, services=wish.services, exclude=wish.existing)
    for other, sentence in zip(found, overlap_sentences(found), strict=True):
        yield Advice(text=sentence, beside="services", url=reverse("admin:windows_maintenancewindow_change", args=[other.pk]))


def _untranslated(wish: Wish, board: Board) -> Iterator[Advice]:
    """Recipients who will read the window's own words in another language than theirs."""
    readers: dict[str, int] = {}
    for column in board.columns:
        for code, count in column.reach.languages.items():
            readers[code] = max(readers.get(code, 0), count)
    for code in readers.keys() - wish.languages:
        yield Advice(
            text=ngettext(
                "At least %(count)s recipient reads %(language)s, in which the window has no texts of its own yet.",
                "At least %(count)s recipients read %(language)s, in which the window has no texts of its own yet.",
                readers[code],
            )
            % {"count": readers[code], "language": language_name(code)},
            beside="translation",
        )


def _unwritten(board: Board) -> Iterator[Advice]:
    """Touchpoints for which no message was ever written; SMS takes no text that was written for other channels."""
    kinds = {column.channel.pk: column.channel.kind for column in board.columns}
    wanted = {(cell.spot.content_key, kinds[cell.spot.column[1]]) for cell in board.cells}
    rows = MessageTemplate.objects.filter(content_key__in={key for key, _kind in wanted})
    written = set(rows.values_list("content_key", "channel_kind"))
    for key, kind in sorted(wanted):
        if (key, kind) in written or ((key, "") in written and kind != ChannelKind.SMS):
            continue
        yield Advice(
            text=_("There is no text “%(key)s” for %(kind)s: its messages cannot be composed.")
            % {"key": key, "kind": ChannelKind(kind).label},
            beside="playbook",
            url=reverse("admin:campaigns_messagetemplate_add") + f"?content_key={key}",
        )


def campaign_wish(campaign: Campaign, *, now: datetime) -> Wish:
    """A draft as it stands, as if it were scheduled at `now`."""
    window = campaign.window
    translated = {row.language for row in window.translations.all() if row.title}
    return Wish(
        window=plan_window(window, released_at=now),
        impact=window.impact,
        services=list(window.services.all()),
        playbook=campaign.playbook,
        languages=frozenset({window.language, *translated}),
        existing=window,
    )
