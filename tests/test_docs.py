"""A document that no longer holds is a fault: what the code has by name, the documents know by name."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from apps.campaigns.models import TouchpointState
from apps.channels.models import ChannelKind
from apps.delivery.models import BatchState, CircuitState, DeliveryState, RehearsalState, RehearsedState
from apps.upstream.models import NoticeState
from apps.windows.models import WindowStatus

DOCS = Path(settings.BASE_DIR) / "docs"
PAGES = [Path(settings.BASE_DIR) / "README.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r'\]\(([^)#]+?)(?:#[^)]*)?\)|src(?:set)?="([^"]+)"')


def words(page: str) -> str:
    """The text of a page in lower case, its line breaks as spaces."""
    return " ".join((DOCS / page).read_text().lower().split())


@pytest.mark.parametrize(
    "states",
    [
        WindowStatus,
        TouchpointState,
        DeliveryState,
        BatchState,
        CircuitState,
        NoticeState,
        RehearsalState,
        RehearsedState,
    ],
)
def test_glossary_knows_every_state(states):
    glossary = words("glossary.md")

    assert [state.value for state in states if state.value.replace("_", " ") not in glossary] == []


def test_channels_page_knows_every_kind():
    page = words("channels.md")

    assert [kind.value for kind in ChannelKind if kind.value not in page] == []


def test_operating_page_knows_every_command():
    commands = [path.stem for path in (DOCS.parent / "apps").glob("*/management/commands/[a-z]*.py")]
    page = words("operating.md")

    assert [command for command in commands if command not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = [target for pair in LINK.findall(page.read_text()) for target in pair if target]
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]

    assert [target for target in local if not (page.parent / target).exists()] == []


def test_decisions_are_listed():
    listed = (DOCS / "decisions" / "README.md").read_text()

    assert [path.name for path in sorted((DOCS / "decisions").glob("0*.md")) if path.name not in listed] == []


def test_the_nine_files_of_the_flow_exist():
    flow = re.findall(r"^\d\. `([^`]+)`", (DOCS / "architecture.md").read_text(), flags=re.MULTILINE)

    assert len(flow) == 9
    assert [path for path in flow if not (DOCS.parent / path).exists()] == []


def test_reliability_page_knows_every_drill():
    page = (DOCS / "reliability.md").read_text()
    plays = (path.read_text() for path in (DOCS.parent / "tests" / "drills").glob("*.py"))
    names = [name for play in plays for name in re.findall(r'@drill\(\s+"([\w-]+)"', play)]

    assert names
    assert [name for name in names if f"`{name}`" not in page] == []
