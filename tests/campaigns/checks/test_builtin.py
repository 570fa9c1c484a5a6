"""What Preavis brings along passes its own checks, in every playbook and both languages."""

from datetime import timedelta

import pytest

from apps.campaigns.builtin import files
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.checks import findings_of
from apps.campaigns.models import Playbook
from apps.channels.models import Channel
from tests.factories import DAY, HOUR, NOW, make_campaign, make_contact, make_service, make_window

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=3)
PLAYBOOKS = [playbook.slug for playbook in files.playbooks()]
TEXTS = {
    "en": {
        "title": "Database upgrade",
        "reason": "The database reaches the end of its support.",
        "effect": "You cannot sign in; orders already placed are processed.",
        "alternatives": "Call us to place an urgent order.",
    },
    "fr": {
        "title": "Mise à niveau de la base",
        "reason": "La base de données arrive en fin de support.",
        "effect": "La connexion est impossible ; les commandes passées sont traitées.",
        "alternatives": "Appelez-nous pour une commande urgente.",
    },
}


@pytest.fixture(autouse=True)
def installation(settings):
    settings.EMAIL_BACKEND = "apps.channels.smtp.PhasedSMTPBackend"
    load_builtin(now=NOW)
    Channel.objects.filter(kind="chat").update(is_enabled=True)  # without an address it cannot send; its texts are read
    for number, language in enumerate(TEXTS):
        make_contact(email=f"customer{number}@example.org", language=language)
        make_contact(email=f"colleague{number}@example.org", language=language, is_internal=True)


def complete_campaign(slug, language="en"):
    other = "fr" if language == "en" else "en"
    duration = MINUTES if slug == "compressed" else 4 * HOUR  # it speaks every few seconds
    start = NOW + 30 * DAY + 16 * HOUR
    window = make_window(
        status="draft",
        scheduled_at=None,
        revision=0,
        starts_at=start,
        ends_at=start + duration,
        announced_ends_at=start + 1.5 * duration,
        services=[make_service("Customer portal")],
        language=language,
        **TEXTS[language],
    )
    window.translations.create(language=other, **TEXTS[other])
    return make_campaign(window=window, playbook=Playbook.objects.get(slug=slug), released_at=None)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("slug", PLAYBOOKS)
def test_complete_window_has_no_findings(slug, language):
    campaign = complete_campaign(slug, language)

    found = [finding for finding in findings_of(campaign, now=NOW) if finding.code != "channel_unset"]

    assert [finding.sentence for finding in found] == []
