from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import User
from apps.common.empty_lists import WhenEmpty

from . import services
from .forms import CHOICES, FeedForm
from .models import Feed
from .subscribing import subscription_of


@admin.register(Feed)
class FeedAdmin(TrailAdmin):
    """A feed is revoked rather than deleted, so that it can be seen who once had an address."""

    form = FeedForm
    list_display = ("name", "owner", "language", "detail", "holds", "last_used_at", "last_client", "is_active")
    list_filter = ("language", "detail")
    search_fields = ("name", "owner__username")
    list_select_related = ("owner",)
    fields = (*CHOICES, "last_used_at", "last_client", "revoked_at")
    readonly_fields = ("last_used_at", "last_client", "revoked_at")
    actions = None
    when_empty = WhenEmpty(
        title=gettext_lazy("Nobody subscribes to a calendar yet"),
        words=gettext_lazy(
            "Add a feed for the services or segments that somebody wants in their calendar; its address is shown to you then."
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        return super().get_queryset(request).prefetch_related("services", "segments")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **kwargs | {"widget": forms.CheckboxSelectMultiple})

    @admin.display(description=gettext_lazy("holds"))
    def holds(self, feed: Feed) -> str:
        parts = (feed.services.all(), feed.segments.all())
        return " · ".join(", ".join(part.name for part in each) for each in parts if each) or _("every window")

    @admin.display(description=gettext_lazy("active"), boolean=True)
    def is_active(self, feed: Feed) -> bool:
        return feed.is_active

    def get_fields(self, request: HttpRequest, obj: Feed | None = None) -> Any:
        return self.fields if obj else CHOICES

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        pages = {"rotate": self.rotate_page, "revoke": self.revoke_page}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(page), name=f"publishing_feed_{name}")
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if context.get("original") is None:  # whatever is pressed, the address comes next: it is shown only once
            context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        values = form.cleaned_data
        choices = {name: values[name] for name in CHOICES}
        feed, token = services.create_feed(**choices, actor=cast(User, request.user), now=timezone.now())
        obj.pk, obj.token_hash, obj._state.adding = feed.pk, feed.token_hash, False
        request.feed_token = token  # type: ignore[attr-defined]  # for response_add, which shows it once

    def response_add(self, request: HttpRequest, obj: Feed, post_url_continue: str | None = None) -> HttpResponse:
        return self._address(request, obj, request.feed_token)  # type: ignore[attr-defined]

    def rotate_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        feed, title = self._feed(request, pk), _("Give it a new address")
        if request.method != "POST":
            consequences = [
                _("The present address stops working at once: calendars that use it no longer hear of changes."),
                _("The new address is shown once. Whoever reads the feed has to subscribe to it."),
            ]
            return self._ask(request, feed, title, consequences)
        try:
            token = services.rotate_feed(feed, actor=cast(User, request.user), now=timezone.now())
        except services.FeedError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(_page_of(feed))
        return self._address(request, feed, token)

    def revoke_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        feed, title = self._feed(request, pk), _("Revoke")
        if request.method != "POST":
            consequences = [
                _("The address stops working at once and for good: calendars that use it no longer hear of changes."),
                _("What they show already may stay there. Nobody is told."),
            ]
            return self._ask(request, feed, title, consequences, is_final=True)
        services.revoke_feed(feed, actor=cast(User, request.user), now=timezone.now())
        messages.success(request, _("“%(name)s” was revoked.") % {"name": feed.name})
        return HttpResponseRedirect(_page_of(feed))

    def _feed(self, request: HttpRequest, pk: int) -> Feed:
        feed = get_object_or_404(Feed, pk=pk)
        if not self.has_change_permission(request, feed):
            raise PermissionDenied
        return feed

    def _ask(
        self, request: HttpRequest, feed: Feed, title: str, consequences: list[str], *, is_final: bool = False
    ) -> HttpResponse:
        context = {"title": title, "subject": feed, "back": _page_of(feed), "consequences": consequences, "is_final": is_final}
        return TemplateResponse(request, "admin/parts/confirm.html", self.admin_site.each_context(request) | context)

    def _address(self, request: HttpRequest, feed: Feed, token: str) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Address of “%(name)s”") % {"name": feed.name},
            "opts": self.opts,
            "feed": feed,
            "subscription": subscription_of(token),
        }
        return TemplateResponse(request, "admin/publishing/feed/address.html", context, headers={"Cache-Control": "no-store"})


def _page_of(feed: Feed) -> str:
    return reverse("admin:publishing_feed_change", args=[feed.pk])
