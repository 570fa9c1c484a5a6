from apps.campaigns.checks.facts import Unwritten
from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.rules import Cause, Code
from apps.campaigns.checks.sentences import sentence_of

from .values import column, levels, message, only, own_text, template

READS_BOTH = column(languages={"en": 3, "fr": 2})


def lack(**fields):
    defaults = {"content_key": "announce", "kind": "email", "language": "fr", "instead": "en", "readers": 2}
    return Unwritten(**(defaults | fields))


def test_text_with_problems_stops_and_leads_to_it():
    remark = only(Code.BROKEN_TEXT, templates=[template(pk=12, problems=["Text: Line 1: there is no variable “x”."])])

    assert (remark.level, remark.target.cause, remark.target.pk) == (Level.STOP, Cause.TEMPLATE, 12)


def test_content_without_any_text_stops_once_and_offers_to_write_it():
    remark = only(Code.UNWRITTEN, unwritten=[lack(instead=""), lack(instead="", language="en")])

    assert remark.level is Level.STOP
    assert remark.target.query == {"content_key": "announce", "channel_kind": "email"}


def test_texts_that_fall_back_are_told_together_with_their_readers():
    lacks = [lack(), lack(content_key="started", readers=5), lack(kind="chat", readers=1)]

    values = only(Code.UNTRANSLATED_TEXT, unwritten=lacks).values

    assert (values["keys"], values["count"], values["instead"]) == (["announce", "started"], 5, "en")


def test_readers_of_a_language_that_the_window_does_not_speak_are_counted():
    values = only(Code.UNTRANSLATED_WINDOW, columns=[READS_BOTH, column(segment_id=2, languages={"fr": 9})]).values

    assert (values["language"], values["count"]) == ("fr", 9)


def test_translation_that_leaves_something_out_is_named():
    french = own_text(language="fr", is_own=False, title="Base", reason="Fin.", alternatives="")

    values = only(Code.HALF_TRANSLATED, columns=[READS_BOTH], own_texts=[own_text(), french]).values

    assert values["fields"] == ["alternatives"]


def test_translation_need_not_say_what_the_window_itself_does_not_say():
    french = own_text(language="fr", is_own=False, title="Base", reason="Fin.", alternatives="Appelez-nous.")

    assert levels(columns=[READS_BOTH], own_texts=[own_text(), french]) == {}


def test_language_that_nobody_reads_needs_no_translation():
    french = own_text(language="fr", is_own=False, title="", reason="", alternatives="")

    assert levels(columns=[column()], own_texts=[own_text(), french]) == {}


def test_sms_of_several_parts_has_to_be_ticked():
    long = message(kind="sms", subject="", sms_parts=2, sms_places=180, sms_forced_by="ł")
    remark = only(Code.LONG_SMS, messages=[long])

    assert (remark.level, remark.values["parts"], remark.values["forced_by"]) == (Level.WARN, 2, "ł")


def test_text_for_messages_of_another_urgency_alone_is_said_and_asked_for():
    remark = only(Code.UNWRITTEN, unwritten=[lack(instead="", urgency="urgent")])

    assert remark.target.query == {"content_key": "announce", "channel_kind": "email", "urgency": "urgent"}
    assert sentence_of(remark) == (
        "There is a text “announce” for E-mail, but for routine messages only: urgent ones cannot be composed."
    )
