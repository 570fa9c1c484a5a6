import os

import environ

SECRET_KEY = "only-for-measuring-" * 4
DEBUG = False
INSTALLED_APPS = ["bench.peers", "post_office"]
DATABASES = {"default": {"CONN_MAX_AGE": 60, **environ.Env.db_url_config(os.environ["DATABASE_URL"])}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", ["bench.peers.letters.LetterLoader"])]},
    }
]
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["EMAIL_PORT"])
# Of django-post_office, as fast as its documentation knows: large batches, so that its pool of processes is rarely started
# anew; its five threads, which matter only where the server takes its time; no second row for each success.
POST_OFFICE = {"BATCH_SIZE": 5000, "THREADS_PER_PROCESS": 5, "LOG_LEVEL": 1}
LOGGING = {"version": 1, "disable_existing_loggers": True, "root": {"level": "WARNING"}}
