"""The page on which owner and parts of a campaign are named."""

import hashlib

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from ..forms.people import PeopleForm
from ..models import Campaign
from ..people import name_people, people_of
from .pages import find_campaign, planner, render, require


def people_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    campaign = find_campaign(pk)
    form = PeopleForm(request.POST or None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        if request.POST.get("seen") == _mark(campaign):
            owner = form.cleaned_data["owner"]
            name_people(campaign, owner=owner, parts=form.parts, actor=planner(request), now=timezone.now())
            messages.success(request, _("It is kept who has which part."))
            return redirect("admin:windows_maintenancewindow_change", pk)
        form.add_error(
            None, _("Somebody else changed it since you opened this page. Save again to overwrite that with what stands here.")
        )
    return render(request, "people.html", title=_("People"), campaign=campaign, form=form, seen=_mark(campaign))


def _mark(campaign: Campaign) -> str:
    named = {part: sorted(person.pk for person in people) for part, people in people_of(campaign).items()}
    return hashlib.blake2s(f"{campaign.owner_id} {sorted(named.items())}".encode(), digest_size=8).hexdigest()
