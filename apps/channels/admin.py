from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.accounts.models import User
from apps.common.archiving import ArchivedFilter
from apps.common.empty_lists import WhenEmpty

from .forms import DOUBT_FIELDS, PRICE_FIELDS, ChannelForm, NewChannelForm, TestForm, form_for, setting_fields
from .models import Channel, ChannelKind
from .registry import problems
from .services import save_channel, send_test, too_many_tests

_DOUBT = {
    "fields": DOUBT_FIELDS,
    "description": _(
        "A message that was handed over and not answered is in doubt: it may have arrived. As usual, chat posts, webhooks and "
        "urgent e-mail go again at once, three times in all at most; everything else waits for evidence and is unknown "
        "without it. Nothing goes again once it is of no more use, and an SMS never does by itself."
    ),
}


@admin.register(Channel)
class ChannelAdmin(ArchiveAdmin):
    list_display = ("name", "kind", "standing")
    list_filter = (ArchivedFilter, "kind", "is_enabled")
    also_compared = ("sealed_secrets",)
    search_fields = ("name", "slug")
    change_form_template = "admin/channels/change_form.html"
    when_empty = WhenEmpty(
        title=_("There is no way to reach anybody yet"),
        words=_("Add a channel, such as e-mail, say how it is reached, and send yourself a test."),
    )

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        kwargs["form"] = form_for(obj.kind) if obj else NewChannelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("name", "slug", "kind")})]
        own = setting_fields(obj)
        settings = [(obj.get_kind_display(), {"fields": own})] if own else []
        # A place hears each touchpoint once: there is nothing to pace.
        general = ("name", "slug", "is_enabled") if obj.is_broadcast else ("name", "slug", "is_enabled", "pace")
        price = [(_("What it costs"), {"fields": PRICE_FIELDS})] if obj.kind == ChannelKind.SMS else []
        return [(None, {"fields": general}), *settings, *price, (_("When no answer comes"), _DOUBT)]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Channel | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        secrets = form.secrets if isinstance(form, ChannelForm) else {}
        save_channel(obj, secrets=secrets, actor=_planner(request), now=timezone.now())
        if found := problems(obj):
            messages.warning(request, gettext("This channel cannot send yet: %(problem)s") % {"problem": found[0]})

    def response_add(self, request: HttpRequest, obj: Channel, post_url_continue: str | None = None) -> HttpResponse:
        """Goes on to the settings of the kind that was chosen."""
        if "_addanother" not in request.POST and IS_POPUP_VAR not in request.POST:
            going_on = request.POST.copy()
            going_on["_continue"] = "1"
            request.POST = going_on  # type: ignore[assignment]
        return super().response_add(request, obj, post_url_continue)

    def why_not_archived(self, obj: Channel) -> str:
        if obj.is_enabled:
            return gettext("It is switched on, and what is planned by it would still leave. Switch it off first.")
        return ""

    @admin.display(description=_("state"))
    def standing(self, channel: Channel) -> SafeString:
        if channel.archived_at:
            return format_html('<span class="badge idle">{}</span>', gettext("Archived"))
        if channel.paused_at:
            return format_html('<span class="badge warn">{}</span>', gettext("Paused"))
        if not channel.is_enabled:
            return format_html('<span class="badge">{}</span>', gettext("Off"))
        if found := problems(channel):
            return format_html('<span class="badge bad">{}</span> {}', gettext("Cannot send"), found[0])
        return format_html('<span class="badge ok">{}</span>', gettext("Ready"))

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/test/", self.admin_site.admin_view(self.test), name="channels_channel_test")
        return [own, *super().get_urls()]

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sends a message marked [TEST] to the person who asks, and shows what the provider said in the same place."""
        channel = get_object_or_404(Channel, pk=pk)
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        planner = _planner(request)
        form = TestForm(request.POST if request.method == "POST" else None, channel=channel, email=planner.email)
        context = self.admin_site.each_context(request) | {
            "title": gettext("Send a test to me"),
            "opts": self.opts,
            "channel": channel,
            "form": form,
            "problems": problems(channel),
        }
        if form.is_bound and form.is_valid():
            now = timezone.now()
            if problem := too_many_tests(channel, actor=planner, now=now):
                form.add_error(None, problem)
            else:
                address = form.cleaned_data.get("address", "")
                context["receipt"] = send_test(channel, address=address, actor=planner, now=now)
        return TemplateResponse(request, "admin/channels/test.html", context)


def _planner(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the admin lets nobody else come so far
    return request.user
