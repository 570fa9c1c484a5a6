from typing import Any, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.accounts.doors.filters import LatestValuesFilter
from apps.accounts.models import User
from apps.common.archiving import ArchivedFilter
from apps.common.empty_lists import WhenEmpty

from ..forms import ContactForm
from ..models import AddressKind, Contact, Suppression
from ..services import archive_contacts, restore_contacts, save_contact
from .imports import ImportPages
from .personal import PersonalPages


@admin.register(Contact)
class ContactAdmin(ArchiveAdmin):
    form = ContactForm
    when_archived = _("It belongs to no segment any more, and nothing planned reaches it. What was sent to it stays on record.")
    list_display = ("__str__", "email", "phone", "organisation", "language", "time_zone", "kind")
    list_filter = (ArchivedFilter, "is_internal", "language", ("time_zone", LatestValuesFilter))
    search_fields = ("name", "email", "phone", "organisation")
    search_help_text = _("Name, e-mail, phone or organisation")
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = ("not_to_be_used",)
    fieldsets = (
        (None, {"fields": ("name", "organisation", "is_internal")}),
        (_("Addresses"), {"fields": ("email", "phone", "not_to_be_used")}),
        (_("How they read"), {"fields": ("language", "time_zone")}),
        (_("What segments may ask for"), {"fields": ("attributes",)}),
    )
    when_empty = WhenEmpty(
        title=_("Nobody is known yet"),
        words=_(
            "Import your contacts from a file: it is checked row by row before anything is saved, and the same file again "
            "changes nothing."
        ),
        url_name="admin:audiences_contact_import",
        label=_("Import contacts"),
        permission="audiences.add_contact",
    )

    def get_urls(self) -> list[URLPattern]:
        return [*ImportPages(self).urls(), *PersonalPages(self).urls(), *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Contact | None = None) -> bool:
        """There is nothing left to change of whom was erased."""
        return super().has_change_permission(request, obj) and (obj is None or obj.erased_at is None)

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        save_contact(obj, changed=form.changed_data, actor=cast(User, request.user), now=timezone.now())

    def archive_rows(self, request: HttpRequest, rows: QuerySet[Contact]) -> int:
        return archive_contacts(rows, actor=cast(User, request.user), now=timezone.now())

    def restore_rows(self, request: HttpRequest, rows: QuerySet[Contact]) -> int:
        return restore_contacts(rows, actor=cast(User, request.user), now=timezone.now())

    @admin.display(description=_("kind"), ordering="is_internal")
    def kind(self, contact: Contact) -> str:
        return str(_("Colleague") if contact.is_internal else _("Customer"))

    @admin.display(description=_("not to be used"))
    def not_to_be_used(self, contact: Contact) -> str:
        """Which of the addresses are suppressed, and why."""
        of_this = Q(kind=AddressKind.EMAIL, address=contact.email) | Q(kind=AddressKind.PHONE, address=contact.phone)
        rows = Suppression.objects.filter(of_this).exclude(address="").select_related("segment")
        words = [(row.address, row.get_reason_display(), row.segment or _("every segment")) for row in rows]
        return format_html_join("; ", "{}: {} ({})", words) or "–"
