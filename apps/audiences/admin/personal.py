"""The page of all that is known of a person, from which it is handed out or erased."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.accounts.models import User

from ..erasing import CannotErase, erase_person, export_person, obstacles
from ..models import Contact
from ..personal import holders

ERASE = "audiences.erase_contact"


@dataclass(frozen=True, kw_only=True)
class Room:
    """What one room holds, as the page names it."""

    title: str | Promise
    count: int
    goes: str | Promise
    stays: str | Promise


class PersonalPages:
    """Belongs to the contacts' admin."""

    def __init__(self, model_admin: "admin.ModelAdmin[Contact]") -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        opened = self.model_admin.admin_site.admin_view
        return [
            path("<int:pk>/personal-data/", opened(self.overview), name="audiences_contact_personal"),
            path("<int:pk>/personal-data/export.zip", opened(self.export), name="audiences_contact_export"),
        ]

    def overview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """On GET what is known, room by room, and what an erasure would take and leave; on POST the erasure."""
        contact = self._contact(request, pk, self.model_admin.has_view_permission)
        here = HttpResponseRedirect(request.path)
        if request.method == "POST":
            if not request.user.has_perm(ERASE):
                raise PermissionDenied
            if "confirmed" not in request.POST:
                messages.error(request, _("Nothing was erased: tick the box to confirm it first."))
                return here
            return self._erased(request, contact)
        rooms = [
            Room(title=room.title, count=sum(1 for _fact in room.export(contact)), goes=room.goes, stays=room.stays)
            for room in reversed(holders())
        ]
        context = {
            **self.model_admin.admin_site.each_context(request),
            "title": _("Personal data of “%(name)s”") % {"name": contact},
            "opts": Contact._meta,
            "contact": contact,
            "rooms": rooms,
            "obstacles": obstacles(contact),
            "may_export": self.model_admin.has_change_permission(request),
            "may_erase": request.user.has_perm(ERASE),
        }
        return TemplateResponse(request, "admin/audiences/contact/personal_data.html", context)

    def export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """By POST, because it is put on record."""
        contact = self._contact(request, pk, lambda request, _contact: self.model_admin.has_change_permission(request))
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:audiences_contact_personal", args=(pk,)))
        content = export_person(contact, actor=cast(User, request.user), now=timezone.now())
        headers = {"Content-Disposition": f'attachment; filename="contact-{contact.pk}.zip"', "Cache-Control": "no-store"}
        return HttpResponse(content, content_type="application/zip", headers=headers)

    def _erased(self, request: HttpRequest, contact: Contact) -> HttpResponse:
        try:
            erase_person(contact, actor=cast(User, request.user), now=timezone.now())
        except CannotErase as error:
            messages.error(request, _("Nothing was erased. %(why)s") % {"why": error})
            return HttpResponseRedirect(request.path)
        messages.success(request, _("All that was known of this person was erased."))
        return HttpResponseRedirect(reverse("admin:audiences_contact_changelist"))

    def _contact(self, request: HttpRequest, pk: int, may: Callable[[HttpRequest, Contact], bool]) -> Contact:
        contact = Contact.objects.filter(pk=pk).first()
        if contact is None:
            raise Http404
        if not may(request, contact):
            raise PermissionDenied
        return contact
