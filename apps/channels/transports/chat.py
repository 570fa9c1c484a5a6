"""One post per touchpoint to a team chat, through a Slack-compatible incoming webhook (Slack, Mattermost, Rocket.Chat)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.text import chat_text, one_line

from ..addresses import url_problem
from ..contract import Gate
from ..messages import Message
from ..models import ChannelKind
from ..options import Option
from .over_http import HttpTransport

LONGEST_HEADER = 150  # Slack's limits for a header and for a section
LONGEST_SECTION = 3000
MOST_SECTIONS = 48  # of 50 blocks


class ChatTransport(HttpTransport):
    kind = ChannelKind.CHAT
    options = (
        Option(
            name="url",
            label=gettext_lazy("Incoming webhook"),
            help_text=gettext_lazy("The address the chat gave you. Whoever knows it can post, so it is kept like a password."),
            is_required=True,
            is_secret=True,
        ),
    )

    @classmethod
    def problems(cls, *, config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
        found = super().problems(config=config, secrets=secrets)
        if not found:
            problem = url_problem(secrets["url"], allowlist=settings.CHANNEL_HOST_ALLOWLIST, needs_tls=True)
            found = [_("Incoming webhook: %(problem)s") % {"problem": problem}] if problem else []
        return found

    def hand_over(self, message: Message, gate: Gate) -> str:
        body = json.dumps(post(message)).encode()
        gate()
        answer = self.client.post(self.secrets["url"], body=body, headers={"Content-Type": "application/json"})
        if not answer.is_success:
            raise answer.refusal()
        return ""  # an incoming webhook answers “ok”


def post(message: Message) -> dict[str, Any]:
    """What Slack shows as blocks and others, and Slack's own notifications, as text."""
    subject = one_line(message.subject)
    text = chat_text(message.text)
    header = {"type": "header", "text": {"type": "plain_text", "text": subject[:LONGEST_HEADER], "emoji": False}}
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in _parts(text)]
    return {
        "text": f"*{chat_text(subject)}*\n{text}" if subject else text,
        "blocks": ([header] if subject else []) + sections[:MOST_SECTIONS],
        "unfurl_links": False,
    }


def _parts(text: str) -> Iterator[str]:
    """Cut at line ends where there are any, never inside an escaped sign such as &amp;."""
    while text := text.strip("\n"):
        cut = len(text)
        if cut > LONGEST_SECTION:
            cut = text.rfind("\n", 1, LONGEST_SECTION)
            if cut < 0:
                sign = text.rfind("&", LONGEST_SECTION - 5, LONGEST_SECTION)
                cut = sign if sign >= 0 else LONGEST_SECTION
        yield text[:cut]
        text = text[cut:]
