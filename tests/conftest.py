from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.utils import translation

from config import embedded


@pytest.fixture(scope="session", autouse=True)
def admin_pages() -> None:
    """Loaded with the first address otherwise, so that a test that walks them alone would walk none."""
    import_module(settings.ROOT_URLCONF)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test begins in English, whatever the last request of another left active."""
    translation.activate("en")
    yield
    translation.activate("en")


@pytest.fixture
def redis_server() -> Iterator[None]:
    """The private Valkey (or REDIS_URL), emptied of this process's keys afterwards."""
    from apps.common.redis import redis_client

    embedded.ensure_running(settings.REDIS_URL, settings.VALKEY_DIR)
    yield
    client = redis_client()
    for key in client.scan_iter(match=f"{settings.REDIS_KEY_PREFIX}*"):
        client.delete(key)
