"""Each message as a chosen recipient gets it, or as the worst case would, with its lengths; and a test of it to oneself."""

from enum import StrEnum
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from apps.channels.prices import cost_sentence
from apps.channels.registry import problems

from ..board import Board, campaign_board, planned_board
from ..content import Content
from ..content.schemes import Scheme, in_scheme
from ..lengths import lengths_of
from ..models import Campaign
from ..proving import ProofForm, prove, why_unproved
from ..showing import Choice, Extreme, chosen, composed, people
from ..wishes import campaign_wish, wished_plan
from .pages import find_campaign, may, planner, render, require

# Only the message's own inline styles and pictures of this site; no script, no form, no request elsewhere.
FRAME_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: {settings.SITE_URL}; frame-ancestors 'self'; sandbox"
)


class View(StrEnum):
    """How the message is looked at."""

    DESKTOP = "desktop"
    MOBILE = "mobile"
    DARK = "dark"
    TEXT = "text"


VIEWS = {
    View.DESKTOP: gettext_lazy("Desktop"),
    View.MOBILE: gettext_lazy("Mobile"),
    View.DARK: gettext_lazy("Dark"),
    View.TEXT: gettext_lazy("Plain text"),
}
EXTREMES = {
    Extreme.FULLEST: (
        gettext_lazy("Worst case: everything there"),
        gettext_lazy("The longest names of the segment, a faraway zone, and a sample for each thing that may be missing."),
    ),
    Extreme.BAREST: (gettext_lazy("Worst case: everything missing"), gettext_lazy("No name, and nothing that may be missing.")),
}


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked by POST, it sends the message shown to the person who asks, and says in place what the provider answered."""
    require(request, "view" if request.method != "POST" else "change")
    campaign = find_campaign(pk)
    choice = _chosen(request, campaign)
    content, problem = composed(choice)
    view = request.GET.get("view", "")
    context: dict[str, Any] = {
        "choice": choice,
        "content": content,
        "problem": problem,
        "query": choice.query,
        "people": people(choice, request.GET.get("q", "")) if choice.spot else [],
        "searched": request.GET.get("q", ""),
        "languages": settings.LANGUAGES,
        "picked_language": request.GET.get("lang", ""),
        "extremes": [(key, *words) for key, words in EXTREMES.items()],
        "views": VIEWS.items(),
        "view": View(view) if view in set(View) else View.DESKTOP,
        "lengths": (lengths := lengths_of(content, kind=choice.kind) if content else None),
        "cost": cost_sentence(choice.channel, lengths.sms.parts * (choice.recipients or 0)) if lengths and lengths.sms else "",
        "may_change": may(request, "change"),
    }
    if content is not None and choice.column is not None and context["may_change"]:
        context |= _proof(request, choice, content)
    return render(request, "preview.html", title=_("Preview of the messages"), campaign=campaign, **context)


def _proof(request: HttpRequest, choice: Choice, content: Content) -> dict[str, Any]:
    assert choice.column is not None
    channel, is_asked = choice.column.channel, request.method == "POST"
    form = ProofForm(request.POST if is_asked else None, channel=channel, actor=planner(request))
    receipt = prove(choice, content, form, now=timezone.now()) if is_asked and form.is_valid() else None
    why = why_unproved(choice.campaign, channel)
    return {"proof": form, "receipt": receipt, "channel_problems": [why] if why else problems(channel)}


@xframe_options_sameorigin
def preview_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part alone, for the sandboxed frame of the page."""
    require(request, "view")
    content, problem = composed(_chosen(request, find_campaign(pk)))
    if content is None:
        raise Http404(problem)
    scheme = Scheme.DARK if request.GET.get("scheme") == Scheme.DARK else Scheme.LIGHT
    return HttpResponse(in_scheme(content.html, scheme), headers={"Content-Security-Policy": FRAME_POLICY})


def _chosen(request: HttpRequest, campaign: Campaign) -> Choice:
    language = request.GET.get("lang", "")
    return chosen(
        campaign,
        _board(campaign),
        spot=request.GET.get("spot", ""),
        to=request.GET.get("to", ""),
        language=language if language in dict(settings.LANGUAGES) else "",
    )


def _board(campaign: Campaign) -> Board:
    """The touchpoints of a released campaign; of a draft, those that its release would make."""
    if campaign.released_at is not None:
        return campaign_board(campaign)
    now = timezone.now()
    wish = campaign_wish(campaign, now=now)
    return planned_board(wished_plan(wish, now=now), zone=campaign.window.time_zone, now=now)
