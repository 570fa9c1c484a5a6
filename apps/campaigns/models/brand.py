from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel

COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Write a colour like #1d5fa8."))


class Logo(models.Model):
    """A picture under an address of its own for good: what was sent years ago still shows the one it was sent with."""

    digest = models.CharField(max_length=64, primary_key=True)  # of its content
    content = models.BinaryField()  # PNG
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


def _colour(label: Any, default: str) -> "models.CharField[str, str]":
    return models.CharField(label, max_length=7, validators=(COLOUR,), default=default)


class Brand(TimestampedModel):
    """How letters look: one row; without it, as they come out of the box. See content/looks.py for what is made of it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(
        _("name"), max_length=80, blank=True, help_text=_("Stands at the head of each e-mail. Empty: the sender's name.")
    )
    logo = models.ForeignKey(Logo, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("logo"))
    address = models.TextField(
        _("postal address"), max_length=300, blank=True, help_text=_("At the foot of each e-mail; some countries ask for it.")
    )
    footers = models.JSONField(default=dict, blank=True)  # language → text
    light_accent = _colour(_("links and buttons"), "#1d5fa8")
    light_text = _colour(_("text"), "#1c2733")
    light_sheet = _colour(_("sheet"), "#ffffff")
    light_page = _colour(_("around the sheet"), "#f2f4f7")
    dark_accent = _colour(_("links and buttons"), "#8fc1f7")
    dark_text = _colour(_("text"), "#e4eaf1")
    dark_sheet = _colour(_("sheet"), "#1a222c")
    dark_page = _colour(_("around the sheet"), "#11171e")
    shell = models.TextField(blank=True, editable=False)  # the compiled frame
    shell_digest = models.CharField(max_length=64, blank=True, editable=False)  # of what it was compiled from

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brand")
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="one_brand_per_installation"),)

    def __str__(self) -> str:
        return self.name or str(_("Brand"))
