from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from config import embedded

# How long an example takes says more about what else the machine is doing.
hypothesis_settings.register_profile(
    "unhurried", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("unhurried")


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
    """The private Valkey (or REDIS_URL), empty of this process's keys: a test that did not ask for it may have left some."""
    embedded.ensure_running(settings.REDIS_URL, settings.VALKEY_DIR)
    _forget_keys()
    yield
    _forget_keys()


def _forget_keys() -> None:
    from apps.common.redis import redis_client

    client = redis_client()
    for key in client.scan_iter(match=f"{settings.REDIS_KEY_PREFIX}*"):
        client.delete(key)
