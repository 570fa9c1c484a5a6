import pytest

from apps.audiences.models import Segment
from apps.campaigns.models import MessageTemplate, Step
from apps.channels.models import ChannelKind
from tests.factories import make_channel, make_contact, make_playbook, make_segment, make_step, make_template

from .admin_pages import INLINE, LIST, drafted, released, signed_in

pytestmark = pytest.mark.django_db

TEMPLATES = "/admin/campaigns/messagetemplate/"


def preview_of(campaign, **query):
    return signed_in(username="eve").get(f"{LIST}{campaign.window_id}/preview/", query)


def test_message_is_previewed_as_its_recipient_gets_it():
    text = preview_of(released(signed_in())).content.decode()
    assert "Database upgrade" in text
    assert "ada@example.org" in text
    assert 'sandbox=""' in text
    assert INLINE.search(text) is None


def test_draft_has_previews_too():
    assert "Database upgrade" in preview_of(drafted(signed_in())).content.decode()


def test_preview_speaks_the_language_picked():
    make_template(language="fr", subject="{{ window.title }}", body="Bonjour {{ window.times }}")
    assert "Mise à niveau de la base" in preview_of(released(signed_in()), lang="fr").content.decode()


def test_recipients_are_searched():
    campaign = released(signed_in())
    make_contact(name="Zoë Quist", email="zoe@example.org")
    text = preview_of(campaign, q="quist").content.decode()
    assert "Zoë Quist" in text
    assert "bob@example.org" not in text


def test_html_of_a_message_has_a_policy_of_its_own():
    campaign = released(signed_in())
    answer = signed_in(username="eve").get(f"{LIST}{campaign.window_id}/preview/message.html")
    policy = answer["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_missing_text_is_a_sentence():
    campaign = released(signed_in())
    MessageTemplate.objects.all().delete()
    assert "There is no text “announce”" in preview_of(campaign).content.decode()


def test_text_message_is_shown_with_its_parts():
    campaign = drafted(signed_in())
    sms = make_channel(ChannelKind.SMS, name="SMS")
    make_step(campaign.playbook, key="alert", channel=sms, segment=make_segment(), position=2)
    make_template(channel_kind=ChannelKind.SMS, subject="", body="Maintenance {{ window.short_starts }} €€€ 漢")
    make_contact(phone="+33612345678")
    step = f"alert.0.{Step.objects.get(key='alert').segment_id}.{sms.pk}"
    text = preview_of(campaign, spot=step).content.decode()
    assert "1 part" in text
    assert "“漢” forces the shorter parts" in text


def template_form(**changes):
    return {
        "content_key": "own",
        "language": "en",
        "channel_kind": "",
        "segment": "",
        "subject": "Hello",
        "body": "Text",
    } | changes


def test_unknown_variable_is_refused_with_its_line():
    answer = signed_in().post(TEMPLATES + "add/", template_form(body="Hello\n{{ window.titel }}"))
    text = answer.content.decode()
    assert "Line 2" in text
    assert "window.titel" in text
    assert not MessageTemplate.objects.exists()


def test_problem_of_the_subject_stands_at_the_subject():
    form = signed_in().post(TEMPLATES + "add/", template_form(subject="{{ oops }}")).context["adminform"].form
    assert "subject" in form.errors
    assert "body" not in form.errors


def test_typed_text_is_checked_by_line_and_not_saved():
    answer = signed_in().post(TEMPLATES + "check/", template_form(subject="{{ oops }}", body="a\n\n{{ window.titel }} <b>"))
    found = [(problem["part"], problem["line"]) for problem in answer.json()["problems"]]
    assert found == [("subject", 1), ("body", 3)]
    assert "Is “window.title” meant?" in answer.json()["problems"][1]["sentence"]
    assert not MessageTemplate.objects.exists()


def test_sound_text_has_no_problems_and_markup_has_its_line():
    client = signed_in()
    assert client.post(TEMPLATES + "check/", template_form()).json() == {"problems": []}
    (problem,) = client.post(TEMPLATES + "check/", template_form(body="a\n<b>x")).json()["problems"]
    assert problem["line"] == 2


def test_stranger_checks_nothing():
    assert signed_in(is_superuser=False).post(TEMPLATES + "check/", template_form()).status_code == 403


def test_text_is_previewed_with_samples_where_there_is_no_window():
    answer = signed_in().post(TEMPLATES + "preview/", template_form(body="It is **{{ window.title }}**, {{ contact.greeting }}."))
    assert "<strong>Database upgrade</strong>, Hello Ana Lima." in answer.content.decode()


def test_text_can_begin_as_a_copy():
    template = make_template(body="Copied {{ window.times }}")
    text = signed_in().get(TEMPLATES + f"add/?copy={template.pk}&language=fr&urgency=urgent").content.decode()
    assert "Copied {{ window.times }}" in text
    assert '<option value="urgent" selected>' in text
    assert signed_in(username="eve").get(TEMPLATES + "add/?copy=nonsense").status_code == 200


def test_variables_stand_beside_the_text():
    text = signed_in().get(TEMPLATES + "add/").content.decode()
    assert "window.announced_duration" in text
    assert INLINE.search(text) is None


def test_text_is_previewed_before_it_is_saved():
    drafted(signed_in())
    answer = signed_in(username="eve").post(TEMPLATES + "preview/", template_form(body="It is **{{ window.title }}**."))
    assert "<strong>Database upgrade</strong>" in answer.content.decode()
    assert "sandbox" in answer["Content-Security-Policy"]


def test_preview_of_a_broken_text_is_its_problems():
    answer = signed_in().post(TEMPLATES + "preview/", template_form(body="{{ oops }}"))
    assert "oops" in answer.content.decode()
    assert answer.status_code == 200


def step_rows(playbook, **changes):
    step = playbook.steps.get()
    row = {
        "id": step.pk,
        "playbook": playbook.pk,
        "position": 0,
        "key": "t-7d",
        "anchor": "start",
        "when": "−7 d",
        "segment": step.segment_id,
        "channel": step.channel_id,
        "content_key": "announce",
        "urgency": "routine",
        "useful_for": "6 h",
        "when_late": "collapse",
    }
    forms = {f"steps-0-{name}": value for name, value in (row | changes).items()}
    frame = {"steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 1, "steps-MIN_NUM_FORMS": 0, "steps-MAX_NUM_FORMS": 1000}
    return {"name": playbook.name, "slug": playbook.slug, "description": "", **frame, **forms}


def change_step(**changes):
    step = make_step(make_playbook(), segment=make_segment())
    answer = signed_in().post(f"/admin/campaigns/playbook/{step.playbook_id}/change/", step_rows(step.playbook, **changes))
    step.refresh_from_db()
    return step, answer


def test_offsets_are_written_in_words():
    step, _answer = change_step(when="-1 d -2 h", useful_for="90 min")
    assert (step.offset_days, step.offset.total_seconds()) == (-1, -7200)
    assert step.useful_for.total_seconds() == 5400


@pytest.mark.parametrize("key", ["by-hand-x", "By-Hand-x"])
def test_moments_of_playbooks_have_no_key_of_those_of_one_campaign(key):
    step, answer = change_step(key=key)
    assert "Names that begin with “by-hand-” are for moments of one campaign." in answer.content.decode()
    assert step.key == "announce"


def test_offset_that_is_not_understood_is_named():
    step, answer = change_step(when="soon")
    assert "“soon” is not understood as an offset" in answer.content.decode()
    assert step.offset_days == 0


def test_step_to_people_needs_a_segment():
    _step, answer = change_step(segment="")
    assert "Choose who gets it by this channel" in answer.content.decode()


def test_a_step_may_name_a_second_channel():
    channel = make_channel()

    step, _answer = change_step(fallback_channel=channel.pk)

    assert step.fallback_channel == channel


@pytest.mark.parametrize(
    ("kind", "reason"), [("chat", "Only channels that write to each person"), (None, "Choose another channel than the first one")]
)
def test_a_second_channel_that_cannot_stand_in_is_refused_with_the_reason(kind, reason):
    step = make_step(make_playbook(), segment=make_segment())
    other = make_channel(kind).pk if kind else step.channel_id
    url = f"/admin/campaigns/playbook/{step.playbook_id}/change/"

    answer = signed_in().post(url, step_rows(step.playbook, fallback_channel=other))

    step.refresh_from_db()
    assert reason in answer.content.decode()
    assert step.fallback_channel is None


def test_a_step_by_mail_may_invite():
    step, _answer = change_step(invites="on")
    assert step.invites


def test_a_step_by_another_channel_cannot_invite():
    step, answer = change_step(invites="on", channel=make_channel("sms").pk)

    assert "Only e-mails carry invitations" in answer.content.decode()
    assert not step.invites


def test_a_second_channel_by_mail_carries_the_invitation():
    step, _answer = change_step(invites="on", channel=make_channel("sms").pk, fallback_channel=make_channel().pk)
    assert step.invites


def test_a_step_by_mail_may_attach_a_maintnote_file():
    step, _answer = change_step(attaches_maintnote="on")
    assert step.attaches_maintnote


def test_a_step_by_another_channel_attaches_no_file():
    step, answer = change_step(attaches_maintnote="on", channel=make_channel("sms").pk)
    assert "Only e-mails carry files" in answer.content.decode()
    assert not step.attaches_maintnote


def test_the_preview_says_that_a_maintnote_file_comes_along():
    campaign = released(signed_in())
    campaign.touchpoints.update(attaches_maintnote=True)
    assert "With a maintnote file" in preview_of(campaign).content.decode()


def test_the_preview_says_that_an_invitation_comes_along():
    campaign = released(signed_in())
    campaign.touchpoints.update(invites=True)
    assert "With a calendar invitation" in preview_of(campaign).content.decode()


def test_every_control_of_a_step_says_its_column_and_row():
    playbook = make_playbook()
    make_step(playbook, segment=make_segment())
    text = signed_in().get(f"/admin/campaigns/playbook/{playbook.pk}/change/").content.decode()
    assert 'aria-label="Offset, step 1 announce"' in text
    assert INLINE.search(text) is None


def test_choices_of_steps_are_read_once(django_assert_max_num_queries):
    playbook, client, channel = make_playbook(), signed_in(), make_channel()
    url = f"/admin/campaigns/playbook/{playbook.pk}/change/"
    for number in range(12):
        make_step(playbook, key=f"t-{number}", channel=channel, segment=make_segment(), position=number)
    with django_assert_max_num_queries(24):
        client.get(url)


def test_preview_for_a_broken_segment_is_a_sentence():
    campaign = released(signed_in())
    Segment.objects.update(rule={"field": "nonsense"})
    answer = preview_of(campaign)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
