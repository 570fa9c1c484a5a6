from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class AdminPagesConfig(SimpleAdminConfig):
    """Loads the admin's pages with the addresses (config/urls.py), and for the checks of them: a worker does without."""

    def ready(self) -> None:
        checks.register(check_pages, checks.Tags.admin)


def check_pages(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    import_module(settings.ROOT_URLCONF)
    return [*check_dependencies(app_configs=app_configs, **kwargs), *check_admin_app(app_configs=app_configs, **kwargs)]
