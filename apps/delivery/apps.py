from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "apps.delivery"
    label = "delivery"
    verbose_name = _("Delivery")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.campaigns import stillness
        from apps.campaigns.approval import holding

        from .steering import let_go
        from .stillness import await_campaign

        stillness.register(await_campaign)
        holding.register(let_go)

        from apps.audiences.personal import register as register_holder

        from .personal import DELIVERIES

        register_holder(DELIVERIES)
