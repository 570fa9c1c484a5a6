"""The pages behind “Load sample data” and “Remove the sample data”: each says first what it does."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User

from ..sample.holding import SampleInUse
from ..sample.services import ADMINISTRATES, NoSample, is_loaded, load_sample, remove_sample, why_not

WHEN_LOADED = (
    gettext_lazy(
        "It makes three windows, one over, one announced and one a draft; 48 people, two services and a playbook. All are called "
        "samples."
    ),
    gettext_lazy(
        "Nothing of it is sent to anybody: its people have addresses that cannot exist, and no phone; its channel keeps what it "
        "is given; its windows stand in no calendar and on no public page."
    ),
    gettext_lazy(
        "Segments of your own that fit its people count them, too: remove the sample before you write to your customers."
    ),
    gettext_lazy("Texts and playbooks that Preavis brings along are loaded as well, where they are missing, and stay."),
    gettext_lazy("It can be removed with one button, and what you have made meanwhile stays."),
)
WHEN_REMOVED = (
    gettext_lazy("The sample windows go for good, with their plans, messages and answers, whatever was changed about them."),
    gettext_lazy("What you have made yourself stays, and so does each sample service, segment or person that it needs."),
    gettext_lazy("The trail keeps what was done."),
)


@admin.site.admin_view
def load(request: HttpRequest) -> HttpResponse:
    person = _administrator(request)
    problem = why_not()
    if request.method == "POST" and not problem:
        try:
            load_sample(actor=person, now=timezone.now())
        except NoSample as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _("The sample data is there: three windows, their plans, and what came back of one."))
            return redirect("admin:index")
    sentences = [problem] if problem else [str(sentence) for sentence in WHEN_LOADED]
    return _ask(request, _("Load sample data"), sentences, may_do=not problem)


@admin.site.admin_view
def remove(request: HttpRequest) -> HttpResponse:
    person = _administrator(request)
    if not is_loaded():
        messages.info(request, _("There is no sample data (any more)."))
        return redirect("admin:index")
    if request.method == "POST":
        try:
            kept = remove_sample(actor=person, now=timezone.now())
        except SampleInUse as refusal:
            messages.error(request, str(refusal))
            return redirect("dashboard:remove-sample")
        messages.success(request, _("The sample data is removed."))
        if kept:
            words = _("These stay, since something that you have made needs them: %(names)s.")
            messages.warning(request, words % {"names": ", ".join(kept)})
        return redirect("admin:index")
    return _ask(request, _("Remove the sample data"), [str(sentence) for sentence in WHEN_REMOVED], is_final=True)


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not request.user.has_perm(ADMINISTRATES):
        raise PermissionDenied
    return request.user


def _ask(request: HttpRequest, title: str, sentences: list[str], *, may_do: bool = True, is_final: bool = False) -> HttpResponse:
    context = {
        "title": title,
        "subject": _("Overview"),
        "back": reverse("admin:index"),
        "consequences": sentences,
        "may_not_do": not may_do,
        "is_final": is_final,
    }
    return TemplateResponse(request, "admin/parts/confirm.html", admin.site.each_context(request) | context)
