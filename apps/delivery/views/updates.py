"""The coming update while the work runs: its words, edited in place, and “send it now”; holding all updates, and letting them go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts.models import AuditEvent, User
from apps.campaigns.consequences import consequences
from apps.campaigns.content import VARIABLES, check_template, gather
from apps.campaigns.models import Campaign, Touchpoint
from apps.campaigns.moments import instant_words, touchpoint_words
from apps.campaigns.reach import reaches
from apps.campaigns.texts import Words, edit_text, effective, mark_of, template_words
from apps.common.labels import labelled
from apps.common.times import format_instant

from ..clock import database_now
from ..consequences import grouped
from ..forms import PauseForm, ReleaseForm
from ..hastening import coming_update, send_now
from ..holding import batches_held_back, held_back, hold_updates, release_updates, updates_of
from ..models import Batch, Delivery, DeliveryState, Expansion
from ..overdue import overdue_table
from ..pauses import UpdatesPause
from ..stillness import await_stillness
from .steering import asked_of, back_to, reader, released_words, render, table_context


class TextForm(forms.Form):
    """The words of one language, for touchpoints that share them."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    body = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "source", "spellcheck": "true"}),
        help_text=gettext_lazy("Empty: the text of the template, or of another language where there is none."),
    )
    mark = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, prefix: str, language: str, words: Words) -> None:
        self.language, self.language_name, self.words = language, dict(settings.LANGUAGES)[language], words
        initial = {"subject": words[0], "body": words[1], "mark": mark_of(words)}
        super().__init__(data, prefix=prefix, initial=initial)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        subject, body = data.get("subject", ""), data.get("body", "")
        if subject and not body:
            self.add_error("body", _("Write the text too, or leave both empty."))
        in_subject = check_template(subject, "") if body else []
        for problem in check_template(subject, body) if body else []:
            self.add_error("subject" if problem in in_subject else "body", problem)
        return data

    @property
    def is_stale(self) -> bool:
        """Somebody else has changed the words since this page was opened."""
        return str(self.data.get(self.add_prefix("mark"), "")) != mark_of(self.words)

    @property
    def chosen(self) -> Words:
        return self.cleaned_data["subject"].strip(), self.cleaned_data["body"].strip().replace("\r\n", "\n")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Touchpoints of the update that say the same, with a form for each language."""

    touchpoints: Sequence[Touchpoint]
    names: Sequence[str]
    forms: Sequence[TextForm]


@admin.site.admin_view
def update_page(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, now = _campaign(request, pk), database_now()
    update = coming_update(campaign)
    groups = _groups(request.POST or None, update, now)
    problems: list[str] = []
    if request.method == "POST" and update:
        problems = _problems(request, update, groups)
        if not problems and all(form.is_valid() for group in groups for form in group.forms):
            counts = _recipients(update, now)  # before it leaves: a worker may be quicker than the page that says so
            with transaction.atomic():
                changed = _save(groups, reader(request), now)
                sent = _send(request, campaign, update, now) if "_send" in request.POST else None
            _say(request, changed, sent, counts)
            return redirect(back_to(request, campaign) if sent is not None else request.get_full_path())
    counts = _recipients(update, now)
    first = update[0] if update else None
    context = {
        "title": _("The next update"),
        "update": first,
        "moment": touchpoint_words(first) if first else "",
        "moment_key": _key(first) if first else "",
        "due": instant_words(first.due_at, campaign.window.time_zone) if first and first.due_at else "",
        "total": sum(number or 0 for number in counts.values()),
        "can_leave": bool(update) and not any(row.is_held_back for row in update),
        "groups": groups,
        "problems": problems,
        "variables": VARIABLES,
        "window": campaign.window,
    }
    return render(request, "admin/delivery/update.html", campaign, back_to(request, campaign), context)


@admin.site.admin_view
def hold_page(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, now = _campaign(request, pk), database_now()
    back = back_to(request, campaign)
    if campaign.updates_held_at:
        messages.info(request, UpdatesPause(target=campaign).sentence(reader(request).time_zone))
        return redirect(back)
    form = PauseForm(request.POST if request.method == "POST" else None)
    rows = updates_of(campaign)
    if request.method == "POST" and form.is_valid():
        if hold_updates(campaign, reason=form.cleaned_data["reason"], actor=reader(request), now=now):
            unanswered = await_stillness(Batch.objects.filter(touchpoint__in=rows), now=now)
            messages.success(request, _("The updates are held: none of them leaves until somebody lets them go on."))
            if unanswered.messages:
                messages.warning(request, unanswered.sentence)
        return redirect(back)
    held = list(rows.values_list("pk", flat=True))
    context = {
        "title": _("Hold the updates"),
        "form": form,
        "updates": len(held),
        "messages_waiting": Delivery.objects.filter(touchpoint__in=held, state=DeliveryState.PENDING).count(),
        "foreseen": consequences(campaign, [], held=held, now=now),
    }
    return render(request, "admin/delivery/hold.html", campaign, back, context)


@admin.site.admin_view
def release_page(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, now = _campaign(request, pk), database_now()
    back = back_to(request, campaign)
    if not campaign.updates_held_at:
        messages.info(request, _("The updates are not held (any more)."))
        return redirect(back)
    table = overdue_table(held_back(campaign), batches_held_back(campaign), now=now)
    form = ReleaseForm(request.POST if request.method == "POST" else None, **asked_of(table))
    if request.method == "POST" and form.is_valid():
        released = release_updates(campaign, choice=form.chosen, over=form.over, actor=reader(request), now=now)
        if released:
            messages.success(request, released_words(released, zone=reader(request).time_zone))
        else:
            messages.warning(request, _("Somebody else has let it go on meanwhile."))
        return redirect(back)
    pause = UpdatesPause(target=campaign).sentence(reader(request).time_zone)
    context = {"title": _("Let the updates go on"), "form": form, "pause": pause, "others": [], **table_context(table, form)}
    return render(request, "admin/delivery/resume.html", campaign, back, context)


def _campaign(request: HttpRequest, pk: int) -> Campaign:
    if not reader(request).has_perm("windows.change_maintenancewindow"):
        raise PermissionDenied
    rows = Campaign.objects.select_related("window", "playbook", "updates_held_by")
    return get_object_or_404(rows, pk=pk)


def _groups(data: Any, update: Sequence[Touchpoint], now: datetime) -> list[Group]:
    """Together what says the same in every language: as a rule all e-mails, all posts, all text messages."""
    found: dict[tuple[Words, ...], list[Touchpoint]] = {}
    languages = [code for code, _name in settings.LANGUAGES]
    for row in update:
        material = gather(row)
        found.setdefault(tuple(effective(material, code) for code in languages), []).append(row)
    reach = _recipients(update, now)
    return [
        Group(
            touchpoints=rows,
            names=[_name(row, reach[row.pk]) for row in rows],
            forms=[
                TextForm(data, prefix=f"{rows[0].pk}-{code}", language=code, words=words)
                for code, words in zip(languages, texts, strict=True)
            ],
        )
        for texts, rows in found.items()
    ]


def _recipients(update: Sequence[Touchpoint], now: datetime) -> Mapping[int, int | None]:
    """How many each touchpoint goes to: those written for it or, until all are, those of its segment as it is now."""
    partly = set(Expansion.objects.to_finish(now).filter(touchpoint__in=update).values_list("touchpoint", flat=True))
    unwritten = [row for row in update if row.expanded_at is None or row.pk in partly]
    reach = reaches((row.segment, row.channel) for row in unwritten)
    found: dict[int, int | None] = {
        row.pk: reach[row.segment_id, row.channel_id].recipients(is_mandatory=row.is_mandatory) for row in unwritten
    }
    for row in update:
        if row.pk not in found:
            found[row.pk] = Delivery.objects.filter(touchpoint=row, state=DeliveryState.PENDING).count()
    return found


def _name(row: Touchpoint, number: int | None) -> str:
    column = f"{row.segment} · {row.channel}" if row.segment else str(row.channel)
    return column if number is None else labelled(column, grouped(number))


def _key(row: Touchpoint) -> str:
    return f"{row.step_key}.{row.occurrence}"


def _problems(request: HttpRequest, update: Sequence[Touchpoint], groups: Sequence[Group]) -> list[str]:
    if request.POST.get("moment") != _key(update[0]):
        return [_("The update that you were editing has left, or was planned anew. This is the one that comes next.")]
    if any(form.is_stale for group in groups for form in group.forms):
        return [_changed_by(update, reader(request))]
    return []


def _changed_by(update: Sequence[Touchpoint], person: User) -> str:
    rows = {"subject_type": Touchpoint._meta.label_lower, "subject_id__in": [str(row.pk) for row in update]}
    last = AuditEvent.objects.filter(verb="touchpoint.text_edited", **rows).select_related("actor").first()
    if last is None:
        return _("The text has changed since you opened this page. Look at it as it stands now, then decide again.")
    return _(
        "%(who)s changed the text since you opened this page (%(when)s). Look at it as it stands now, then decide again."
    ) % {
        "who": last.actor or _("The system"),
        "when": format_instant(last.at, zone=person.time_zone, language=person.language),
    }


def _save(groups: Sequence[Group], actor: User, now: datetime) -> int:
    """Writes the words that were changed; those of the template are taken as none of its own."""
    changed = 0
    for group in groups:
        for form in group.forms:
            if form.chosen == form.words:
                continue
            subject, body = form.chosen if form.chosen != template_words(group.touchpoints[0], form.language) else ("", "")
            changed += edit_text(group.touchpoints, language=form.language, subject=subject, body=body, actor=actor, now=now)
    return changed


def _send(request: HttpRequest, campaign: Campaign, update: Sequence[Touchpoint], now: datetime) -> list[Touchpoint]:
    first = update[0]
    return send_now(campaign, step_key=first.step_key, occurrence=first.occurrence, actor=reader(request), now=now)


def _say(request: HttpRequest, changed: int, sent: Sequence[Touchpoint] | None, counts: Mapping[int, int | None]) -> None:
    if changed:
        messages.success(request, _("The text is saved; what has not left yet says it from now on."))
    if sent:
        number = sum(counts.get(row.pk) or 0 for row in sent)
        text = ngettext("The update leaves now: %(n)s message.", "The update leaves now: %(n)s messages.", number)
        messages.success(request, text % {"n": grouped(number)})
    elif sent is not None:
        messages.warning(request, _("Nothing was brought forward: the update is leaving already, or is of no more use."))
    elif not changed:
        messages.info(request, _("Nothing was changed."))
