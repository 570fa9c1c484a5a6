from typing import Any

from apps.publishing import services
from apps.publishing.models import Feed
from tests.factories import NOW


def make_feed(**fields: Any) -> tuple[Feed, str]:
    """The feed and the path at which it answers."""
    feed, token = services.create_feed(**({"name": "Acme", "language": "en", "actor": None, "now": NOW} | fields))
    return feed, f"/feeds/{token}.ics"
