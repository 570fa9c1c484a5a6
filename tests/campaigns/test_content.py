"""Rendering: languages, zones, choice of the text, and what values may not do."""

import pytest

from apps.campaigns.content import ContentError, gather, language_of, render, zone_of
from apps.campaigns.models import Touchpoint
from apps.channels.models import ChannelKind
from tests import factories as make

pytestmark = pytest.mark.django_db


def touchpoint(kind: str = ChannelKind.EMAIL, **window: object) -> Touchpoint:
    campaign = make.make_campaign(window=make.make_window(**window))
    return make.make_touchpoint(campaign=campaign, channel=make.make_channel(kind))


def said(point: Touchpoint, contact=None, *, language="en", zone="Europe/Paris", **links):
    return render(touchpoint=point, contact=contact, language=language, zone=zone, **links)


def test_subject_and_body_are_rendered_for_the_contact():
    point, ana = touchpoint(), make.make_contact(name="Ana Lima")
    make.make_template(
        subject="{{ window.title }} for {{ contact.first_name }}", body="{{ contact.greeting }},\n\nIt is **soon**."
    )
    content = said(point, ana)
    assert content.subject == "Database upgrade for Ana"
    assert content.text.startswith("Hello Ana Lima,\n\nIt is soon.")
    assert "Hello Ana Lima," in content.html
    assert ">soon</strong>" in content.html


def test_times_are_in_the_zone_of_the_recipient():
    point = touchpoint()
    make.make_template(body="{{ window.times }}")
    assert "11:00–15:00 (Paris time, UTC+02:00)" in said(point).text
    assert "05:00–09:00 (New York time, UTC-04:00)" in said(point, zone="America/New_York").text
