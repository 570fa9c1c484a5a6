"""The variables that a template may use, each with its meaning and a sample: for the admin, the check and the docs."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Variable:
    """`sample` is what a preview shows; an optional one may be missing (nil) and is best asked for with `{% if %}`."""

    name: str
    meaning: str | Promise
    sample: str | int | bool | list[str]
    is_optional: bool = False

    @property
    def sample_words(self) -> str:
        """For people; a list as a text joins it, a condition as Liquid writes it."""
        if isinstance(self.sample, list):
            return ", ".join(self.sample)
        return str(self.sample).lower() if isinstance(self.sample, bool) else str(self.sample)


def _variable(name: str, meaning: str | Promise, sample: str | int | bool | list[str]) -> Variable:
    return Variable(name=name.rstrip("?"), meaning=meaning, sample=sample, is_optional=name.endswith("?"))


VARIABLES: tuple[Variable, ...] = tuple(
    _variable(name, meaning, sample)
    for name, meaning, sample in (
        ("window.title", _("What is being done."), "Database upgrade"),
        ("window.services", _("The services concerned; a list."), ["Customer portal", "Checkout"]),
        ("window.times", _("The whole announced period in the recipient's zone."), "Tuesday 24 November 2026, 02:00–08:00 (Paris time, UTC+01:00)"),
        ("window.window_times?", _("The same in the window's zone, where its clock shows other times."), "Monday 23 November 2026, 20:00 – Tuesday 24 November 2026, 02:00 (New York time, UTC-05:00)"),
        ("window.utc_times", _("The same in UTC."), "Tuesday 24 November 2026, 01:00–07:00 (UTC)"),
        ("window.starts", _("The start in the recipient's zone."), "Tuesday 24 November 2026, 02:00 (Paris time, UTC+01:00)"),
        ("window.ends", _("The planned end in the recipient's zone."), "Tuesday 24 November 2026, 06:00 (Paris time, UTC+01:00)"),
        ("window.latest_end", _("The end at the latest, as announced, in the recipient's zone."), "Tuesday 24 November 2026, 08:00 (Paris time, UTC+01:00)"),
        ("window.duration", _("How long the work is planned to take."), "4 hours"),
        ("window.announced_duration", _("How long it takes as announced: a range where there is one."), "between 4 and 6 hours"),
        ("window.short_starts", _("The start in a few characters, for subjects and text messages."), "Tue 24 Nov 02:00 (UTC+01:00)"),
        ("window.short_times", _("The period in a few characters."), "Tue 24 Nov 02:00-08:00 (UTC+01:00)"),
        ("window.short_latest_end", _("The end at the latest in a few characters."), "Tue 24 Nov 08:00 (UTC+01:00)"),
        ("window.impact", _("How the work is felt, as a sentence."), "Not available during the work."),
        ("window.impact_level", _("The same as a word for conditions: no_impact, reduced_redundancy, degraded or outage."), "outage"),
        ("window.status", _("Where the window stands, as a word."), "scheduled"),
        ("window.reason?", _("Why the work is needed."), "The database reaches the end of its support."),
        ("window.effect?", _("What does not work meanwhile, and what still does."), "You cannot sign in; orders already placed are processed."),
        ("window.alternatives?", _("What people can do instead meanwhile."), "Call us to place an urgent order."),
        ("window.notice_url", _("The address of the public page of this window; each recipient gets an own link."), "https://status.example.org/windows/6f1c"),
        ("window.change_reason?", _("Why the window was last moved, extended or cancelled."), "A supplier needs one more day."),
        ("window.previous_times?", _("The period that was announced before the last change."), "Monday 23 November 2026, 02:00–08:00 (Paris time, UTC+01:00)"),
        ("window.previous_starts?", _("The start that was announced before the last change."), "Monday 23 November 2026, 02:00 (Paris time, UTC+01:00)"),
        ("window.previous_latest_end?", _("The end at the latest that was announced before the last change."), "Monday 23 November 2026, 08:00 (Paris time, UTC+01:00)"),
        ("window.outcome?", _("What was done, as entered on completion."), "The new database is in service."),
        ("window.is_temporary", _("Whether the work was completed with a temporary fix; for conditions."), False),
        ("window.actual_start?", _("When the work really began."), "Tuesday 24 November 2026, 02:03 (Paris time, UTC+01:00)"),
        ("window.actual_end?", _("When its completion was confirmed."), "Tuesday 24 November 2026, 05:41 (Paris time, UTC+01:00)"),
        ("window.short_actual_end?", _("The same in a few characters."), "Tue 24 Nov 05:41 (UTC+01:00)"),
        ("window.actual_duration?", _("How long it really took."), "3 hours 38 minutes"),
        ("contact.greeting", _("A greeting with the name, or without where it is not known; no comma."), "Hello Ana Lima"),
        ("contact.name?", _("The recipient's name."), "Ana Lima"),
        ("contact.first_name?", _("The first word of the name."), "Ana"),
        ("contact.organisation?", _("The recipient's organisation."), "Lima & Sons"),
        ("team.name", _("Who sends: the name in the sender's address."), "Example Operations"),
        ("team.email", _("The sender's address, where answers arrive."), "operations@example.org"),
        ("touchpoint.key", _("The name of this content, for example announce."), "announce"),
        ("touchpoint.number", _("For what repeats: which repetition this is, from 1."), 1),
        ("touchpoint.at?", _("When this message is due, in the recipient's zone."), "Tuesday 24 November 2026, 03:00 (Paris time, UTC+01:00)"),
    )
)  # fmt: skip


def sample_context(*, with_optional: bool = True) -> dict[str, dict[str, object]]:
    """The samples in the shape that templates are given; optional ones as nil when they are left out."""
    context: dict[str, dict[str, object]] = {}
    for variable in VARIABLES:
        owner, _dot, name = variable.name.partition(".")
        context.setdefault(owner, {})[name] = variable.sample if with_optional or not variable.is_optional else None
    return context
