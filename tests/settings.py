"""The project's settings with what tests need: a quick hasher, a private Valkey, and nothing from the environment.

DATABASE_URL and REDIS_URL may be given, so that the same tests run on PostgreSQL and another Redis.
"""

import os
import tempfile
from pathlib import Path

os.environ["DEBUG"] = "true"
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")

from config import embedded
from config.settings import *  # noqa: F403

VAR_DIR = Path(tempfile.gettempdir()) / f"preavis-tests-{os.getuid()}"
if not os.environ.get("REDIS_URL"):
    REDIS_URL = embedded.url(VAR_DIR)
REDIS_KEY_PREFIX = f"test-{os.getpid()}:"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SITE_URL = "https://preavis.test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # nothing is collected
