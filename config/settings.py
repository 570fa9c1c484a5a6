"""Settings, read from the environment. Every variable is named with its default in `.env.example`."""

from pathlib import Path

from .env import read_environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = read_environment(BASE_DIR)

DEBUG = env.debug
SECRET_KEY = env.secret_key
SECRET_KEY_FALLBACKS = env.secret_key_fallbacks
ALLOWED_HOSTS = env.allowed_hosts
CSRF_TRUSTED_ORIGINS = env.csrf_trusted_origins
VAR_DIR = env.var_dir
SITE_URL = env.site_url  # public address without a trailing slash: where links in messages point to

INSTALLED_APPS = [
    "apps.accounts",
    "apps.windows",
    "apps.audiences",
    "apps.channels",
    "apps.campaigns",
    "apps.upstream",
    "apps.delivery",
    "apps.tracking",
    "apps.publishing",
    "apps.dashboard",
    "anymail",
    "csp",
    "config.admin_pages.AdminPagesConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "apps.common.programs.ProgramsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
PUBLIC_URLCONF = "config.public_urls"
PROGRAM_PATHS = ("/o/", "/feeds/")
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

FORM_RENDERER = "apps.common.controls.QuickRenderer"

DATABASES = {"default": env.database}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "apps.common.static.StaticFiles" if not DEBUG else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# E-mail leaves through channels; this backend is what a channel uses unless it names its own.
EMAIL_BACKEND = env.email_backend
EMAIL_HOST = env.email_host
EMAIL_PORT = env.email_port
EMAIL_HOST_USER = env.email_user
EMAIL_HOST_PASSWORD = env.email_password
EMAIL_USE_TLS = env.email_use_tls
EMAIL_USE_SSL = env.email_use_ssl
DEFAULT_FROM_EMAIL = env.from_email
ANYMAIL = env.anymail
# Inner hosts (or host:port) that channels may call; all others have to be on the open Internet.
CHANNEL_HOST_ALLOWLIST = env.channel_host_allowlist

# The mailbox for answers to invitations and for notices of providers; without a host there is none.
INBOX_HOST = env.inbox_host
INBOX_PORT = env.inbox_port
INBOX_USER = env.inbox_user
INBOX_PASSWORD = env.inbox_password
INBOX_FOLDER = env.inbox_folder
INBOX_SECURITY = env.inbox_security

# Redis carries hints and buffers, never the truth. One instance serves Celery, the journal, the hits and the cache.
REDIS_URL = env.redis_url
REDIS_KEY_PREFIX = env.redis_key_prefix
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_KEY_PREFIX}cache",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},  # nobody waits long for what can be reckoned anew
    }
}

# What the checks before scheduling go by: whose public holidays, and how many messages a week are too many for one person.
HOLIDAY_REGIONS = env.holiday_regions
MESSAGES_PER_WEEK = env.messages_per_week

APPROVAL_REQUIRED = env.approval_required  # of every campaign; playbooks and campaigns may ask for it by themselves
DELIVERY_BATCH_SIZE = env.delivery_batch_size
DELIVERY_LEASE_SECONDS = env.delivery_lease_seconds
MACHINE_OPEN_SECONDS = env.machine_open_seconds
UNDECIDED_OPEN_SECONDS = env.undecided_open_seconds
TRACKING_FORGET_AFTER_DAYS = env.tracking_forget_after_days

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes speak plain HTTP to the process itself
SECURE_HSTS_SECONDS = 31_536_000 if env.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.https
SECURE_HSTS_PRELOAD = env.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.behind_proxy else None
SESSION_COOKIE_SECURE = env.https
CSRF_COOKIE_SECURE = env.https
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"  # the previews of messages, which stand in sandboxed frames, say otherwise themselves
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOGIN_URL = "admin:login"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.log_level},
}
