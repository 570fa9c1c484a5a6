"""The environment of the demo's processes: theirs alone, whatever the shell or a `.env` says."""

import os
import re
from collections.abc import Mapping

from .places import ROOT, Places
from .ports import HOST, Ports


def own_names() -> set[str]:
    """Every variable that Preavis reads, from the file that has to name them all."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def demo_environment(places: Places, ports: Ports, *, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    # An empty variable takes its default, and hides the one in a .env: no demo may reach somebody's database or customers.
    silenced = dict.fromkeys(own_names(), "")
    ours = {
        "SECRET_KEY": places.secret_key(),
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "SITE_URL": f"http://{HOST}:{ports.web}",
        "VAR_DIR": str(places.folder),
        "LOG_LEVEL": "WARNING",
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(ports.smtp),
        "FROM_EMAIL": "Acme maintenance <maintenance@acme.example>",
        # No scanner stands before this mailbox: who opens a message at once is a person who is trying it out.
        "MACHINE_OPEN_SECONDS": "1",
        "UNDECIDED_OPEN_SECONDS": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker",  # as root; tasks that could do harm are refused anyway
    }
    return {**outer, **silenced, **ours}
