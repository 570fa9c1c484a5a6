import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from . import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # or the first visitor waits until all pages are loaded
embedded.ensure_running(settings.REDIS_URL, settings.VAR_DIR)
