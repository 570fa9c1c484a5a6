"""The subscriber's own page: how to subscribe, what to be told and how, and how to end it. The address is the proof."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from apps.common.times import format_instant
from apps.tracking.views.pages import plain_page

from .. import services
from ..addresses import find_feed
from ..forms import WishesForm
from ..models import Feed
from ..subscribing import subscription_of
from .feeds import unlogged


@csrf_exempt  # who does not know the address cannot make anybody post to it
def subscribe(request: HttpRequest, token: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD", "POST"):
        return unlogged(HttpResponseNotAllowed(["GET", "HEAD", "POST"]))
    feed = find_feed(token)
    if feed is None:
        return unlogged(plain_page(request, "public/no_calendar.html", status=404))
    with translation.override(feed.language):
        deed = DEEDS.get(request.POST.get("deed", "")) if request.method == "POST" else None
        return deed(request, feed, token) if deed else _page(request, feed, token)


def _page(request: HttpRequest, feed: Feed, token: str, *, form: WishesForm | None = None) -> HttpResponse:
    wishes = form or WishesForm(initial={"language": feed.language, "reminders": feed.reminders})
    when = format_instant(feed.last_used_at, zone="UTC", language=feed.language) if feed.last_used_at else ""
    context = {"feed": feed, "subscription": subscription_of(token), "form": wishes, "last_fetched": when}
    return plain_page(request, "public/subscribe.html", context, status=422 if wishes.errors else 200)


def _change_wishes(request: HttpRequest, feed: Feed, token: str) -> HttpResponse:
    form = WishesForm(request.POST)
    if not form.is_valid():
        return _page(request, feed, token, form=form)
    services.change_wishes(feed, **form.cleaned_data, actor=None, now=timezone.now())
    return _to_page(token)


def _rotate(request: HttpRequest, feed: Feed, token: str) -> HttpResponse:
    return _to_page(services.rotate_feed(feed, actor=None, now=timezone.now()))


def _revoke(request: HttpRequest, feed: Feed, token: str) -> HttpResponse:
    services.revoke_feed(feed, actor=None, now=timezone.now())
    return plain_page(request, "public/subscription_ended.html")


def _to_page(token: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("publishing:subscribe", args=[token]), headers={"Referrer-Policy": "no-referrer"})


DEEDS: dict[str, Callable[[HttpRequest, Feed, str], HttpResponse]] = {
    "wishes": _change_wishes,
    "rotate": _rotate,
    "revoke": _revoke,
}
