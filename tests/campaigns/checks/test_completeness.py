import pytest

from apps.campaigns.checks.completeness import Part, says
from apps.campaigns.checks.facts import Phase
from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.rules import Code

from .values import COMPLETE, VALUES, departure, levels, message, only, own_text, remarks, template

AHEAD = (
    *(Part.SUBJECT, Part.START, Part.DURATION, Part.IMPACT, Part.REASON, Part.ALTERNATIVES),
    *(Part.UPDATES, Part.HELP, Part.THANKS),
)


def missing(**fields):
    found = remarks(messages=[message(**fields)], templates=[])
    return {part for remark in found if remark.code is Code.INCOMPLETE for part in remark.values["parts"]}


def without(*names, text=COMPLETE):
    for name in names:
        text = text.replace(VALUES[name], "…")
    return text


def test_message_ahead_says_everything():
    assert missing() == set()
    assert missing(text="Hello.", subject="News") == set(AHEAD)


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("starts", "times"), Part.START),
        (("times", "announced_duration"), Part.DURATION),
        (("impact",), Part.IMPACT),
        (("reason",), Part.REASON),
        (("alternatives",), Part.ALTERNATIVES),
        (("notice_url",), Part.UPDATES),
    ],
)
def test_what_is_left_out_is_named(names, part):
    # Alternatives offer help as well; without them the address of the team has to.
    assert missing(text=without(*names)) == {part}


def test_time_written_by_hand_does_not_count_since_it_would_not_move_along():
    text = without("starts", "times") + "\nIt starts on 24 November 2026 at 02:00 (UTC+01:00)."

    assert missing(text=text) == {Part.START}


def test_subject_has_to_name_the_work_or_a_service():
    assert missing(subject="Important information") == {Part.SUBJECT}
    assert missing(subject="Maintenance of Portal") == set()


def test_thanks_and_help_are_known_by_words_of_the_language():
    french = template(language="fr")

    assert says(message("Merci de votre patience.", template=french), Part.THANKS)
    assert not says(message("Thank you.", template=french), Part.THANKS)
    assert says(message("Une question ? Répondez à ce message.", template=french), Part.HELP)
    assert says(message("+33 1 23 45 67 89"), Part.HELP)
    assert not says(message("Good bye."), Part.HELP)


def test_while_it_runs_the_expected_end_matters_and_the_start_no_more():
    running = departure(phase=Phase.RUNNING)

    assert missing(text=without("starts", "times", "announced_duration"), departure=running) == set()
    assert missing(text=without("latest_end", "times"), departure=running) == {Part.END}


def test_afterwards_nobody_needs_the_times():
    after = departure(phase=Phase.AFTER)
    text = f"{VALUES['notice_url']} Write to {VALUES['team_email']}. Thank you."

    assert missing(text=text, departure=after) == set()


def test_short_kinds_say_what_they_have_room_for():
    text = f"{VALUES['times']} {VALUES['notice_url']}"

    assert missing(text=text, kind="sms", subject="") == set()
    assert missing(text="Soon.", kind="sms", subject="") == {Part.START, Part.DURATION, Part.UPDATES}
    assert Part.HELP not in missing(text="Hello.", kind="chat")
    assert missing(text="", kind="webhook") == set()


def test_reason_is_owed_once_before_the_start_and_by_the_first_message():
    first = message(without("reason"), template=template(pk=1))
    reminder = message(
        template=template(pk=2), departure=departure(moment="t-7d.0", about_at=departure().about_at.replace(day=20))
    )
    silent = message(without("reason"), template=template(pk=2), departure=reminder.departure)

    assert Code.INCOMPLETE not in levels(messages=[first, reminder], templates=[])
    assert only(Code.INCOMPLETE, messages=[silent, first], templates=[]).target.pk == 1


def test_reason_is_owed_to_each_column_and_in_each_language():
    other = message(without("reason"), template=template(pk=2, language="fr"))
    merci = message(without("reason") + " Merci.", template=other.template)

    assert only(Code.INCOMPLETE, messages=[message(), merci], templates=[]).target.pk == 2


def test_courtesies_are_hints_and_the_rest_has_to_be_ticked():
    text = without("alternatives", "impact").replace("Thank you.", "")
    found = remarks(messages=[message(text)], templates=[])

    assert {remark.level: remark.values["parts"] for remark in found} == {
        Level.WARN: [Part.IMPACT],
        Level.HINT: [Part.ALTERNATIVES, Part.THANKS],
    }


def test_one_text_is_told_once_however_many_messages_it_makes():
    assert only(Code.INCOMPLETE, messages=[message(without("impact")), message(without("impact"))]).values["parts"] == [
        Part.IMPACT
    ]


@pytest.mark.parametrize(
    ("field", "code", "level"),
    [("reason", Code.NO_REASON, Level.WARN), ("alternatives", Code.NO_ALTERNATIVES, Level.HINT)],
)
def test_window_that_does_not_say_it_is_told_so(field, code, level):
    silent = message(values=VALUES | {field: ""})
    remark = only(code, own_texts=[own_text(texts={field: " "})], messages=[silent])

    assert (remark.level, remark.target.query["field"]) == (level, field)
