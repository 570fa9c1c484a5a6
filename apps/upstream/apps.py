from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UpstreamConfig(AppConfig):
    name = "apps.upstream"
    label = "upstream"
    verbose_name = _("Upstream providers")
    default_auto_field = "django.db.models.BigAutoField"
