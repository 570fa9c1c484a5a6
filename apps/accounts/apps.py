from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from apps.common.connections import compile_nothing

        from .granting import grant_after_migrating

        post_migrate.connect(grant_after_migrating, dispatch_uid="accounts.grant_after_migrating")
        connection_created.connect(compile_nothing, dispatch_uid="common.compile_nothing")
