from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Segment
from apps.channels.models import ChannelKind
from apps.common.keeping import Archivable, ArchivableQuerySet
from apps.common.models import TimestampedModel

from .playbooks import Urgency


class MessageTemplateQuerySet(ArchivableQuerySet["MessageTemplate"]):
    pass


class MessageTemplate(Archivable, TimestampedModel):
    """Liquid + Markdown text of one content key. The most specific that fits a touchpoint is used; see content/choice.py.

    `channel_kind` empty fits every channel, `segment` empty every segment, `urgency` empty both routine and urgent messages.
    """

    content_key = models.SlugField(_("content"), max_length=40)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    channel_kind = models.CharField(_("channel kind"), max_length=16, choices=ChannelKind.choices, blank=True)
    segment = models.ForeignKey(
        Segment, verbose_name=_("segment"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    urgency = models.CharField(_("urgency"), max_length=8, choices=Urgency.choices, blank=True, default="", db_default="")
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("body"), help_text=_("Markdown with Liquid variables; the list of variables stands beside."))
    builtin_digest = models.CharField(max_length=64, blank=True, editable=False)  # of what load_playbooks wrote; differs: edited

    objects = MessageTemplateQuerySet.as_manager()

    class Meta:
        ordering = ("content_key", "language", "channel_kind", "urgency")
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        constraints = (
            models.UniqueConstraint(
                fields=("content_key", "language", "channel_kind", "urgency"),
                condition=Q(segment__isnull=True),
                name="one_general_template_per_use_language_and_urgency",
            ),
            models.UniqueConstraint(
                fields=("content_key", "language", "channel_kind", "segment", "urgency"),
                condition=Q(segment__isnull=False),
                name="one_segment_template_per_use_language_and_urgency",
            ),
        )

    def __str__(self) -> str:
        return f"{self.content_key} ({self.language})"
