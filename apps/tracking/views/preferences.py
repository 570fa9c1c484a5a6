"""The page on which recipients choose what they get. Like unsubscribing it is opened by the name in their message."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from apps.audiences.preferences import Preferences, Wishes, preferences_of
from apps.delivery.models import Delivery

from .. import services
from ..forms import PreferencesForm
from ..unsubscribing import address_kind_of, is_still_theirs
from .pages import UNTRACEABLE, plain_page
from .unsubscribe import find_delivery, masked


@csrf_exempt  # the signed name in the address is the proof, and there is no session that could be abused
def preferences(request: HttpRequest, signed: str) -> HttpResponse:
    """Looking changes nothing. Whose address has changed hands since can only be unsubscribed."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    delivery = find_delivery(signed)
    if delivery is None or address_kind_of(delivery) is None:
        return plain_page(request, "public/no_link.html", status=404)
    if not is_still_theirs(delivery):
        return _sent_on(reverse("tracking:unsubscribe", args=(signed,)))
    assert delivery.contact is not None, "an address is somebody's"
    found = preferences_of(delivery.contact, also=delivery.touchpoint.segment)
    with translation.override(delivery.contact.language):
        form = PreferencesForm(found, request.POST if request.method == "POST" else None)
        if request.method == "POST" and (wishes := _wishes(request, form)) is not None:
            services.choose(delivery, wishes, now=timezone.now())
            return _sent_on(f"{request.path}?saved=1")
        return plain_page(request, "public/preferences.html", _context(request, delivery, found, form, signed))


def _wishes(request: HttpRequest, form: PreferencesForm) -> Wishes | None:
    """Nothing at all where that button was pressed; None where the form is at fault."""
    contact = form.preferences.contact
    if "nothing" in request.POST:
        return Wishes(language=contact.language, time_zone=contact.time_zone)
    return form.wishes() if form.is_valid() else None


def _context(request: HttpRequest, delivery: Delivery, found: Preferences, form: PreferencesForm, signed: str) -> dict[str, Any]:
    language = found.contact.language
    own = delivery.touchpoint.segment
    return {
        "form": form,
        "title": delivery.touchpoint.campaign.window.text_in(language).title,
        "topics": [
            (choice, choice.topic.segment.public_name_in(language), choice.topic.segment == own) for choice in form.choices()
        ],
        "ways": [(masked(way.address), box) for way, box in form.ways()],
        "blocked": [masked(way.address) for way in found.ways if way.blocked_by],
        "is_saved": "saved" in request.GET and not form.is_bound,
    }


def _sent_on(url: str) -> HttpResponse:
    answer = HttpResponseRedirect(url, headers=UNTRACEABLE)
    answer.status_code = 303
    return answer
