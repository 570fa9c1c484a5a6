"""The messaging matrix says of each message which text it will use, by the very choice that sending makes."""

import pytest

from apps.campaigns.content.choice import choose, templates_for
from apps.campaigns.messaging import messaging_matrix
from apps.campaigns.models import OWN_KEY, HandMadeCell, Step
from apps.channels.models import ChannelKind
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_touchpoint,
)

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


class TestOfACampaign:
    """Its plan is the playbook's with what was decided by hand."""

    def matrix(self, campaign):
        return messaging_matrix(campaign.playbook, campaign=campaign)

    def said(self, campaign, key):
        """Where `key` is said, and whether by hand."""
        (row, *_urgent) = [row for row in self.matrix(campaign).rows if row.content_key == key]
        return {cell.heading: cell.is_by_hand for cell in row.cells if cell.texts}

    @pytest.fixture
    def step(self):
        return planned(fallback_channel=make_channel(ChannelKind.SMS))[1]

    def test_without_anything_by_hand_it_is_that_of_the_playbook(self, step):
        campaign = make_campaign(playbook=step.playbook)
        assert self.matrix(campaign) == messaging_matrix(step.playbook)

    def test_cell_that_was_switched_on_has_its_texts_and_says_so(self, step):
        campaign, vip = make_campaign(playbook=step.playbook), make_segment(name="VIP")
        HandMadeCell.objects.create(
            campaign=campaign, step_key=step.key, segment=vip, channel=step.channel, is_on=True, decided_at=NOW
        )
        assert self.said(campaign, "announce")["VIP · E-mail"] is True
        assert self.said(campaign, "announce")["Customers · E-mail"] is False

    def test_cell_that_was_taken_out_says_nothing(self, step):
        campaign = make_campaign(playbook=step.playbook)
        HandMadeCell.objects.create(
            campaign=campaign, step_key=step.key, segment=step.segment, channel=step.channel, is_on=False, decided_at=NOW
        )
        assert not self.matrix(campaign).rows

    def test_added_moment_is_among_them(self, step):
        campaign = make_campaign(playbook=step.playbook)
        fields = {"anchor": "start", "content_key": "crew-call", "segment": step.segment, "channel": step.channel}
        Step.objects.create(campaign=campaign, key=f"{OWN_KEY}crew-call", **fields)
        assert self.said(campaign, "crew-call") == {"Customers · E-mail": True}
        text = signed_in().get(PAGE, {"window": campaign.window_id}).content.decode()
        assert "crew-call" in text
        assert "with what was decided about it by hand" in text

    def test_large_one_asks_a_fixed_number_of_times(self, step, django_assert_num_queries):
        campaign = make_campaign(playbook=step.playbook)
        for number in range(8):
            make_step(step.playbook, key=f"t-{number}", content_key=f"t-{number}", segment=make_segment(), channel=make_channel())
        with django_assert_num_queries(5):
            assert len(self.matrix(campaign).texts) > 100
