from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.rules import Code

from .values import column, levels, only


def test_channel_that_cannot_send_stops():
    assert only(Code.CHANNEL_UNSET, columns=[column(problem="SMTP host: it is missing.")]).level is Level.STOP


def test_channel_to_people_that_is_off_has_to_be_ticked_and_a_place_is_a_hint():
    place = column(segment_id=None, segment="", address="", kind="chat", channel_id=2, people=0, is_enabled=False, languages={})

    assert only(Code.CHANNEL_OFF, columns=[column(is_enabled=False)]).level is Level.WARN
    assert only(Code.CHANNEL_OFF, columns=[column(), place]).level is Level.HINT


def test_mail_that_leaves_no_machine_has_to_be_ticked():
    remark = only(Code.STAYS_HERE, columns=[column(stays_here="console")])

    assert (remark.level, remark.values["backend"]) == (Level.WARN, "console")


def test_channel_of_two_segments_is_told_once():
    assert levels(columns=[column(stays_here="console"), column(segment_id=2, stays_here="console")]) == {
        Code.STAYS_HERE: Level.WARN
    }
