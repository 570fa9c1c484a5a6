"""The messaging matrix says of each message which text it will use, by the very choice that sending makes."""

import pytest

from apps.campaigns.content.choice import choose, templates_for
from apps.campaigns.messaging import messaging_matrix
from apps.channels.models import ChannelKind
from tests.factories import make_campaign, make_channel, make_playbook, make_segment, make_step, make_template, make_touchpoint

from .admin_pages import INLINE, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/admin/campaigns/messagetemplate/matrix/"


def planned(**step):
    playbook = make_playbook()
    step = {"segment": make_segment(name="Customers"), "channel": make_channel(ChannelKind.EMAIL)} | step
    return playbook, make_step(playbook, **step)


def texts(playbook, key="announce"):
    return [
        text for row in messaging_matrix(playbook).rows if row.content_key == key for cell in row.cells for text in cell.texts
    ]


def test_fallback_says_where_a_text_comes_from():
    playbook, _step = planned()
    make_template(channel_kind="email")
    english, french = texts(playbook)
    assert english.origin == french.origin == "all segments / E-mail / English"
    assert (english.style, french.style) == ("ok", "warn")


def test_text_made_for_exactly_this_is_its_own():
    playbook, step = planned()
    make_template(channel_kind="email", segment=step.segment)
    english, french = texts(playbook)
    assert english.is_own
    assert not french.is_own
    assert "urgency=routine" in english.add_url


def test_missing_text_is_counted_and_can_be_written():
    playbook, step = planned()
    assert messaging_matrix(playbook).missing == 14  # one moment and three corrections, both urgent and not, in two languages
    (english, _french) = texts(playbook)
    assert f"content_key=announce&language=en&channel_kind=email&segment={step.segment_id}" in english.add_url


def test_urgent_message_prefers_the_urgent_text():
    playbook, _step = planned(urgency="urgent")
    make_template(body="calm", segment=_step.segment)
    make_template(body="urgent", urgency="urgent")
    english, _french = texts(playbook)
    assert english.template.body == "urgent"
    assert english.origin == "all segments / every channel / Urgent / English"


@pytest.mark.parametrize("urgency", ["routine", "urgent"])
def test_matrix_and_sending_choose_alike(urgency):
    playbook, step = planned(urgency=urgency)
    for fields in (
        {},
        {"channel_kind": "email"},
        {"segment": step.segment},
        {"urgency": "urgent"},
        {"language": "fr", "urgency": "routine"},
    ):
        make_template(**fields)
    point = make_touchpoint(
        campaign=make_campaign(playbook=playbook), segment=step.segment, channel=step.channel, urgency=urgency
    )
    for text in texts(playbook):
        assert text.template == choose(templates_for(point), touchpoint=point, language=text.language)


def test_second_channel_of_a_step_has_its_column():
    playbook, _step = planned(fallback_channel=make_channel(ChannelKind.SMS))
    assert messaging_matrix(playbook).headings == ["Customers · E-mail", "Customers · SMS"]


def test_page_shows_the_playbook_asked_for():
    playbook, _step = planned()
    make_template(channel_kind="email")
    text = signed_in().get(PAGE, {"playbook": playbook.pk}).content.decode()
    assert "from: all segments / E-mail / English" in text
    assert "not translated" in text
    assert INLINE.search(text) is None


def test_page_of_a_window_shows_its_playbook():
    make_playbook(is_default=True)
    playbook, _step = planned()
    campaign = make_campaign(playbook=playbook)
    assert signed_in().get(PAGE, {"window": campaign.window_id}).context["playbook"] == playbook


@pytest.mark.parametrize("query", [{}, {"playbook": "x"}, {"window": "9" * 30}, {"window": "²"}])
def test_empty_page_names_the_next_step(query):
    assert "There is no playbook yet." in signed_in().get(PAGE, query).content.decode()


def test_viewer_is_offered_nothing_to_write():
    from django.contrib.auth.models import Permission

    playbook, _step = planned()
    viewer = signed_in(is_superuser=False)
    assert viewer.get(PAGE).status_code == 403
    Permission.objects.get(codename="view_messagetemplate").user_set.add(viewer.session["_auth_user_id"])
    assert "Write it" not in viewer.get(PAGE, {"playbook": playbook.pk}).content.decode()


def test_matrix_asks_twice_however_large(django_assert_num_queries):
    playbook = make_playbook()
    for number in range(8):
        make_step(playbook, key=f"t-{number}", content_key=f"t-{number}", segment=make_segment(), channel=make_channel())
        make_template(content_key=f"t-{number}")
    with django_assert_num_queries(2):
        assert len(messaging_matrix(playbook).texts) > 100
