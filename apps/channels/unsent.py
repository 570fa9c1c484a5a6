"""E-mail that leaves no machine: what is configured for trying things out, and easily forgotten."""

from django.conf import settings

from .models import Channel, ChannelKind

UNSENT = ("console", "locmem", "dummy", "filebased")  # Django's e-mail backends that reach nobody


def stays_here(channel: Channel) -> str:
    """The name of the e-mail backend that keeps the channel's messages on this machine; empty where they leave."""
    if channel.kind != ChannelKind.EMAIL or channel.config.get("host"):
        return ""
    backend = str(channel.config.get("backend") or settings.EMAIL_BACKEND)
    return next((name for name in UNSENT if f".{name}." in backend), "")
