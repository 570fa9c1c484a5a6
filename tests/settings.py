"""The project's settings with what tests need: a quick hasher, a private Valkey, and nothing from the environment.

DATABASE_URL and REDIS_URL may be given, so that the same tests run on PostgreSQL and another Redis.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path

KEPT = {"DATABASE_URL": "sqlite://:memory:", "REDIS_URL": ""}
EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
for name in re.findall(r"^#([A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE):
    # An empty variable takes its default, and hides the one in a .env.
    os.environ[name] = os.environ.get(name, KEPT[name]) if name in KEPT else ""
os.environ["DEBUG"] = "true"

from config import embedded  # noqa: E402
from config.settings import *  # noqa: E402, F403

# One for each checkout: what ends the Valkey of one must not take it from another's tests.
CHECKOUT = hashlib.sha256(os.fsencode(EXAMPLE.parent)).hexdigest()[:8]
VALKEY_DIR = Path(tempfile.gettempdir()) / f"preavis-tests-{os.getuid()}-{CHECKOUT}"
VAR_DIR = VALKEY_DIR / os.environ.get("PYTEST_XDIST_WORKER", "alone")
if not os.environ.get("REDIS_URL"):
    REDIS_URL = embedded.url(VALKEY_DIR)
REDIS_KEY_PREFIX = f"test-{os.getpid()}:"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SITE_URL = "https://preavis.test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected
