from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AudiencesConfig(AppConfig):
    name = "apps.audiences"
    label = "audiences"
    verbose_name = _("Audiences")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import intake, rooms
        from .personal import register
        from .tasks import hint_imports

        intake.register_hint(hint_imports)
        for holder in (rooms.CONTACT, rooms.SUPPRESSIONS, rooms.TRAIL):
            register(holder)
