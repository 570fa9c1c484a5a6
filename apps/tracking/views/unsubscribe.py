"""Unsubscribing: a page that asks (GET), and the deed itself (POST), which RFC 8058 lets a mail program do alone."""

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from apps.common.tokens import BadToken, Purpose, unsign
from apps.delivery.models import Delivery

from .. import services
from ..unsubscribing import address_kind_of, is_still_theirs
from .pages import plain_page


@csrf_exempt  # the signed name in the address is the proof; a mail program has neither cookie nor form token
def unsubscribe(request: HttpRequest, signed: str) -> HttpResponse:
    """The body of the POST is not looked at, so that every encoding of it is accepted."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    delivery = find_delivery(signed)
    if delivery is None or address_kind_of(delivery) is None:
        return plain_page(request, "public/no_link.html", status=404)
    language = delivery.contact.language if delivery.contact else translation.get_language()
    with translation.override(language):
        title = delivery.touchpoint.campaign.window.text_in(language).title
        choose = reverse("tracking:preferences", args=(signed,)) if is_still_theirs(delivery) else ""
        context = {"title": title, "address": masked(delivery.address), "choose": choose}
        if request.method != "POST":
            return plain_page(request, "public/unsubscribe.html", context)
        services.unsubscribe(delivery, now=timezone.now())
        return plain_page(request, "public/unsubscribed.html", context)


def find_delivery(signed: str) -> Delivery | None:
    """Whose message bears this name; None for a forged one."""
    try:
        token = unsign(Purpose.UNSUBSCRIBE, signed).token
    except BadToken:
        return None
    rows = Delivery.objects.select_related(
        "contact", "touchpoint__segment", "touchpoint__channel", "touchpoint__campaign__window"
    )
    return rows.filter(token=token).first()


def masked(address: str) -> str:
    """Enough for its owner to recognise it: the message may have been passed on to somebody else."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}•••{at}{domain}" if at else f"•••{address[-4:]}"
