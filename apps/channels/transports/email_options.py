"""What an e-mail channel can be told, and what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.text import one_line

from ..addresses import is_listed, may_be_public, not_public
from ..options import Option, OptionType

OUR_SMTP = "apps.channels.smtp.PhasedSMTPBackend"

SECURITY = (("starttls", "STARTTLS"), ("tls", "TLS"), ("none", gettext_lazy("None")))


SENDERS = (
    Option(name="from_address", label=gettext_lazy("From"), help_text=gettext_lazy("Empty: FROM_EMAIL of the installation.")),
    Option(name="reply_to", label=gettext_lazy("Reply to")),
)
BACKEND = Option(
    name="backend",
    label=gettext_lazy("E-mail backend"),
    help_text=gettext_lazy(
        "Python path of a Django e-mail backend, such as anymail.backends.postmark.EmailBackend. Empty: EMAIL_BACKEND."
    ),
)
HOST = Option(
    name="host",
    label=gettext_lazy("SMTP host"),
    help_text=gettext_lazy("A mail server of this channel's own. Empty: EMAIL_HOST and all that belongs to it."),
)
OF_THE_HOST = (
    Option(name="port", label=gettext_lazy("SMTP port"), type=OptionType.NUMBER, default=25),
    Option(name="security", label=gettext_lazy("SMTP security"), type=OptionType.CHOICE, choices=SECURITY, default="none"),
    Option(name="username", label=gettext_lazy("SMTP user")),
    Option(name="password", label=gettext_lazy("SMTP password"), is_secret=True),
)


PER_CALL = Option(
    name="messages_per_call",
    label=gettext_lazy("Messages per call"),
    help_text=gettext_lazy(
        "For the e-mail providers that take many messages in one call (Mailgun, SparkPost), 1 to 1000. After a crash, or a call "
        "without an answer, all messages of one call may be in doubt."
    ),
    type=OptionType.NUMBER,
    default=50,
    at_most=1000,
)


def backend_problems(path: str) -> list[str]:
    """Whether EMAIL_BACKEND, or what a channel names instead, can be loaded and has the settings it needs."""
    try:
        backend = import_string(path)
        if not issubclass(backend, BaseEmailBackend):
            return [_("E-mail backend: “%(path)s” is not a Django e-mail backend.") % {"path": path}]
        backend()
    except (ImportError, TypeError, ValueError, ImproperlyConfigured) as error:
        return [_("E-mail backend: “%(path)s” cannot be used: %(error)s") % {"path": path, "error": one_line(str(error))}]
    return []


def host_problems(config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
    if host := config.get("host", ""):
        if config.get("backend", OUR_SMTP) not in ("", OUR_SMTP):
            return [_("SMTP host: it has no effect on another e-mail backend; leave one of the two empty.")]
        if is_listed(host, int(config.get("port") or 25), settings.CHANNEL_HOST_ALLOWLIST):
            return []
        if not may_be_public(host):
            return [_("SMTP host: %(problem)s") % {"problem": not_public(host)}]
        if config.get("username") and config.get("security", "none") == "none":
            return [_("SMTP security: a password may not travel in the clear; choose STARTTLS or TLS.")]
        return []
    without = [option for option in OF_THE_HOST if (secrets if option.is_secret else config).get(option.name)]
    return [_("%(label)s has no effect without an SMTP host.") % {"label": option.label} for option in without]
