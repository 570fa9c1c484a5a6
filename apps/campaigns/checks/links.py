"""Where a finding leads: the page on which its cause can be mended."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from django.urls import reverse

from .rules import Cause, Target


def href_of(target: Target, *, is_draft: bool) -> str:
    """Empty where there is no page: of a window that has not been saved, its form is open already."""
    return LINKS[target.cause](target, is_draft)


def _window_form(target: Target, is_draft: bool) -> str:
    """The form of a draft; once recipients have been told, times move by a deed that says what follows from it."""
    if target.pk is None:
        return ""
    if is_draft:
        return reverse("admin:windows_maintenancewindow_draft", args=[target.pk])
    return reverse("admin:windows_maintenancewindow_do", args=[target.pk, "reschedule"])


def _window_texts(target: Target, is_draft: bool) -> str:
    if target.pk is None:
        return ""
    return reverse("admin:windows_maintenancewindow_texts", args=[target.pk])


def _page(name: str) -> Callable[[Target, bool], str]:
    def href(target: Target, is_draft: bool) -> str:
        return reverse(f"admin:{name}_change", args=[target.pk])

    return href


def _template(target: Target, is_draft: bool) -> str:
    line = f"?line={target.line}#id_body" if target.line else ""
    return reverse("admin:campaigns_messagetemplate_change", args=[target.pk]) + line


def _new_template(target: Target, is_draft: bool) -> str:
    return f"{reverse('admin:campaigns_messagetemplate_add')}?{urlencode(target.query)}"


def _contacts(field: str) -> Callable[[Target, bool], str]:
    return lambda target, is_draft: f"{reverse('admin:audiences_contact_changelist')}?{field}__exact="


LINKS: Mapping[Cause, Callable[[Target, bool], str]] = {
    Cause.NOTHING: lambda target, is_draft: "",
    Cause.WINDOW_TIMES: _window_form,
    Cause.WINDOW_SERVICES: _window_form,
    Cause.WINDOW_TEXTS: _window_texts,
    Cause.OTHER_WINDOW: _page("windows_maintenancewindow"),
    Cause.BLACKOUT: _page("windows_blackout"),
    Cause.PLAYBOOK: _page("campaigns_playbook"),
    Cause.SEGMENT: _page("audiences_segment"),
    Cause.WITHOUT_EMAIL: _contacts("email"),
    Cause.WITHOUT_PHONE: _contacts("phone"),
    Cause.CHANNEL: _page("channels_channel"),
    Cause.TEMPLATE: _template,
    Cause.NEW_TEMPLATE: _new_template,
}
