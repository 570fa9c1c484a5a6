from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrackingConfig(AppConfig):
    name = "apps.tracking"
    label = "tracking"
    verbose_name = _("Tracking")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.delivery.evidence import register

        from . import evidence, receivers  # noqa: F401

        register(evidence.signs)

        from apps.audiences.personal import register as register_holder

        from .personal import ANSWERS, EVENTS, TICKETS

        for holder in (EVENTS, ANSWERS, TICKETS):
            register_holder(holder)
