"""What tells a rehearsed message from a real one: the mark in its subject and the banner above its texts."""

import re
from collections.abc import Iterator, Sequence

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.campaigns.content import Content
from apps.campaigns.languages import language_name
from apps.campaigns.moments import instant_words, moment_words
from apps.channels.sms_parts import SmsSize

from ..models import Assumed, RehearsalMessage

MARK = "[REHEARSAL]"  # in every language alike, so that a filter of the mailbox finds it
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


def banner_sentences(row: RehearsalMessage, content: Content, sms: SmsSize | None) -> Iterator[str]:
    """In the planner's language."""
    yield _("This is a rehearsal. It came to you alone, and counts nowhere.")
    moment = " ".join(words for words in moment_of(row) if words)
    when = instant_words(row.would_leave_at, row.rehearsal.campaign.window.time_zone) if row.would_leave_at else ""
    yield _("In the plan: %(moment)s, %(when)s.") % {"moment": moment, "when": when}
    yield recipients_sentence(row.segment_name, row.channel_name, row.would_reach)
    if row.stand_in:
        yield _("Written as %(person)s would read it, in %(language)s.") % {
            "person": row.stand_in,
            "language": language_name(content.language),
        }
    if row.assumes:
        yield str(Assumed(row.assumes).label)
    if row.stands_for:
        yield _("It stands for a message by “%(channel)s”, by which nothing was sent.") % {"channel": row.channel_name}
    if sms:
        yield ngettext(
            "The SMS would take %(count)s part (%(alphabet)s).", "The SMS would take %(count)s parts (%(alphabet)s).", sms.parts
        ) % {"count": sms.parts, "alphabet": sms.alphabet}
    if row.invites:
        yield _("The real one carries a calendar invitation; this one does not, so that nothing false stands in your calendar.")
    if row.attaches_maintnote:
        yield _("The real one carries a maintnote file; this one does not, so that no system takes it for a notice.")


def moment_of(row: RehearsalMessage) -> tuple[str, str]:
    return moment_words(row.step_key, row.occurrence, row.anchor, row.offset_days, row.offset, row.label)


def recipients_sentence(segment: str, channel: str, people: int | None) -> str:
    """`segment` empty: a broadcast; `people` None: known only when it is prepared."""
    names = {"segment": segment, "channel": channel}
    if not segment:
        return _("One post by “%(channel)s”.") % names
    if people is None:
        return _("To those of “%(segment)s” whom it concerns by then, by “%(channel)s”.") % names
    words = ngettext(
        "To %(count)s person of “%(segment)s”, by “%(channel)s”.",
        "To %(count)s people of “%(segment)s”, by “%(channel)s”.",
        people,
    )
    return words % (names | {"count": number_format(people)})


def marked_text(text: str, banner: Sequence[str]) -> str:
    lines = "\n".join(f"* {sentence}" for sentence in banner)
    return f"{MARK}\n{lines}\n\n{'=' * 64}\n\n{text}"


def marked_html(document: str, banner: Sequence[str]) -> str:
    """Above everything else, so that an inbox shows it beside the subject too."""
    begin, *rest = banner
    strip = render_to_string("email/rehearsal_banner.html", {"begin": begin, "rest": rest, "mark": MARK})
    found = _BODY.search(document)
    end = found.end() if found else 0
    return f"{document[:end]}\n{strip}{document[end:]}"
