from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.validators import validate_zone


class User(AbstractUser):
    """A planner or another member of the team; recipients are `audiences.Contact`."""

    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        help_text=_("Times in the admin are shown in this IANA zone, for example Europe/Paris."),
    )
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=settings.LANGUAGES,
        default="en",
        help_text=_("The language in which the admin speaks to this person."),
    )

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"


class Role(models.Model):
    """The group that stands for one of the roles of roles.py, whatever it is called by now; without one it was deleted."""

    name = models.SlugField(max_length=20, unique=True)
    group = models.OneToOneField(Group, null=True, on_delete=models.SET_NULL, related_name="role")
    offered = models.JSONField(default=list)  # the permissions it was ever given, by name: what it lacks now was taken away

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """Who did what to which object, and when. Rows are only ever added, in the transaction of the deed itself."""

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,  # the clock and the command line act without an account
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    verb = models.CharField(_("verb"), max_length=64)  # e.g. "window.rescheduled"
    subject_type = models.CharField(_("subject type"), max_length=64)  # e.g. "windows.maintenancewindow"
    subject_id = models.CharField(_("subject id"), max_length=64)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        indexes = (
            models.Index(fields=("subject_type", "subject_id", "-at"), name="audit_of_subject"),
            models.Index(fields=("-at", "-id"), name="audit_by_time"),
            models.Index(fields=("subject_type", "-at", "-id"), name="audit_of_kind"),
            models.Index(fields=("actor", "-at", "-id"), name="audit_of_person"),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"
