from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.accounts.doors.choices import chosen_in, object_id_of, offer_active
from apps.channels.models import MAIL_KINDS, Channel
from apps.common.empty_lists import WhenEmpty

from ..forms.durations import Offset
from ..forms.fields import LengthField, OffsetField
from ..models import OWN_KEY, Playbook, Step
from .matrix import playbook_plan_page

# What stands in the table itself; the rest of a step is folded away beside it.
MAIN_COLUMNS = ("position", "key", "anchor", "when", "segment", "channel", "content_key", "is_mandatory")
FOLDED_FIELDS = (
    *(
        "label",
        "fallback_channel",
        "invites",
        "attaches_maintnote",
        "urgency",
        "repeats_by_cadence",
        "repeat_every",
        "min_duration",
    ),
    *("only_unconfirmed", "useful_for", "useful_until_before_start", "when_late", "owner"),
)


class StepForm(forms.ModelForm):
    """A step with its offset in words: “−7 d”, “+24 h”."""

    when = OffsetField(
        label=_("Offset"),
        help_text=_("From the anchor: −7 d, −1 h, +24 h, or 0 for the anchor itself. Days keep the wall clock."),
    )
    repeat_every = LengthField(
        label=_("Repeat every"), required=False, help_text=_("Empty: as often as the duration of the work asks for.")
    )
    min_duration = LengthField(label=_("Only for windows of at least"), required=False)
    useful_for = LengthField(label=_("Useful for"), help_text=_("How late it may still go; afterwards it is missed."))
    useful_until_before_start = LengthField(label=_("Useful until before the start"), required=False)

    class Meta:
        model = Step
        fields = tuple(name for name in (*MAIN_COLUMNS, *FOLDED_FIELDS) if name != "when")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        step: Step = self.instance
        self.initial.setdefault("when", Offset(days=step.offset_days, time=step.offset))

    def _post_clean(self) -> None:
        offset = self.cleaned_data.get("when")
        if offset is not None:
            self.instance.offset_days, self.instance.offset = offset.days, offset.time
        super()._post_clean()  # type: ignore[misc]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if str(data.get("key", "")).lower().startswith(OWN_KEY):  # SQLite compares without regard to case
            self.add_error("key", _("Names that begin with “%(start)s” are for moments of one campaign.") % {"start": OWN_KEY})
        channel, segment = data.get("channel"), data.get("segment")
        if channel is not None and channel.is_broadcast and segment is not None:
            self.add_error("segment", _("This channel speaks to one place, not to each person: leave the segment empty."))
        if channel is not None and not channel.is_broadcast and segment is None and "segment" not in self.errors:
            self.add_error("segment", _("Choose who gets it by this channel."))
        if problem := _fallback_problem(channel, data.get("fallback_channel")):
            self.add_error("fallback_channel", problem)
        if data.get("invites") and not _writes_mail(channel, data.get("fallback_channel")):
            self.add_error("invites", _("Only e-mails carry invitations: choose an e-mail channel, or take this away."))
        if data.get("attaches_maintnote") and not _writes_mail(channel, data.get("fallback_channel")):
            self.add_error("attaches_maintnote", _("Only e-mails carry files: choose an e-mail channel, or take this away."))
        return data


def _fallback_problem(channel: Channel | None, fallback: Channel | None) -> str:
    """Why those whom `channel` does not reach cannot be told by `fallback`; nothing where they can."""
    if channel is None or fallback is None:
        return ""
    if channel == fallback:
        return gettext("Choose another channel than the first one, or none.")
    if channel.is_broadcast or fallback.is_broadcast:
        return gettext(
            "Only channels that write to each person can stand in for each other: a place reaches everybody or nobody."
        )
    return ""


def _writes_mail(*channels: Channel | None) -> bool:
    return any(channel is not None and channel.kind in MAIL_KINDS for channel in channels)


class StepInline(admin.TabularInline):
    model = Step
    form = StepForm
    extra = 0
    template = "admin/campaigns/steps_inline.html"
    fields = (*MAIN_COLUMNS, *FOLDED_FIELDS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        return super().get_queryset(request).select_related("segment", "channel", "fallback_channel")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Reads the choices once for all rows, not once for each."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        pk = object_id_of(request)
        offer_active(field, chosen=chosen_in(Step.objects.filter(playbook_id=pk), db_field.name) if pk else ())
        field.choices = list(field.choices)
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the icons to add and change the related row, which a table of steps has no room for. Its words are
        translated once for all rows."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.label, field.help_text = str(field.label or ""), str(field.help_text)
        if db_field.choices and field is not None:
            field.choices = [(value, str(label)) for value, label in field.choices]
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


@admin.register(Playbook)
class PlaybookAdmin(ArchiveAdmin):
    list_display = ("name", "description", "step_count", "is_default")
    search_fields = ("name", "description")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (StepInline,)
    when_archived = _("It is proposed for new windows no longer. Campaigns that follow it keep it.")
    when_empty = WhenEmpty(
        title=_("There is no playbook yet"),
        words=_(
            "A playbook says which messages a window leads to, and when. “manage.py load_playbooks” loads three to begin "
            "with; or add your own."
        ),
    )

    def why_not_archived(self, obj: Playbook) -> str:
        if obj.is_default:
            return gettext("New windows begin with it. Make another playbook the default first.")
        return ""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(playbook_plan_page)
        return [path("<int:pk>/matrix/", view, name="campaigns_playbook_matrix"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "main_columns": MAIN_COLUMNS})

    def get_readonly_fields(self, request: HttpRequest, obj: Playbook | None = None) -> Any:
        """Whether campaigns need a second person is decided by those who may be one."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.has_perm("campaigns.approve_campaign") else (*fields, "requires_approval")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Playbook]:
        rows: QuerySet[Playbook] = super().get_queryset(request)
        return rows.annotate(steps_in_all=Count("steps"))

    @admin.display(description=_("steps"), ordering="steps_in_all")
    def step_count(self, playbook: Playbook) -> int:
        return playbook.steps_in_all  # type: ignore[attr-defined, no-any-return]
