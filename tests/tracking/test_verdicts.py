import inspect
import re
from datetime import timedelta

import pytest

from apps.tracking import models, verdicts
from apps.tracking.verdicts import Click, Limits, Signal, bursts, crowded, is_scanned, judge
from tests.factories import NOW

LIMITS = Limits(machine=timedelta(seconds=10), undecided=timedelta(seconds=90))
LATER = timedelta(minutes=20)

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
CUBOT = (
    "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.3.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
OLD_EDGE = GMAIL_AHEAD.removesuffix(" Mozilla/5.0")
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
BING = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b"
OFFICE = "Mozilla/4.0 (compatible; ms-office; MSOffice 16) Microsoft Office Existence Discovery"
SLACK = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
TEAMS = "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"


@pytest.mark.parametrize(
    ("agent", "verdict", "rule"),
    [
        pytest.param(CHROME, "human", "reader", id="a browser is a person"),
        pytest.param(CUBOT, "human", "reader", id="a phone named Cubot is no bot"),
        pytest.param(IPHONE, "human", "reader", id="Apple Mail without its privacy proxy is a person"),
        pytest.param(OUTLOOK, "human", "reader", id="Outlook on a desk is a person"),
        pytest.param(THUNDERBIRD, "human", "reader", id="Thunderbird is a person"),
        pytest.param(OLD_EDGE, "human", "reader", id="Edge 12 itself is a person"),
        pytest.param(GMAIL, "human", "gmail-proxy", id="Gmail fetches when the reader looks"),
        pytest.param(YAHOO, "human", "yahoo-proxy", id="Yahoo fetches when the reader looks"),
        pytest.param(GMAIL_AHEAD, "prefetch", "gmail-prefetch", id="Gmail fetches ahead"),
        pytest.param("Mozilla/5.0", "prefetch", "apple-privacy", id="Apple loads everything ahead"),
        pytest.param(BING, "unknown", "microsoft", id="Outlook.com proxies pictures like a scanner"),
        pytest.param(OFFICE, "unknown", "microsoft", id="Office looks whether it is there"),
        pytest.param("Mozilla/5.0 (compatible; Proofpoint)", "machine", "proofpoint", id="Proofpoint scans"),
        pytest.param("Barracuda Sentinel (EE)", "machine", "barracuda", id="Barracuda scans"),
        pytest.param(SLACK, "machine", "slack", id="Slack unfolds links"),
        pytest.param(TEAMS, "machine", "teams", id="Teams shows a preview"),
        pytest.param("python-requests/2.32.3", "machine", "program", id="a script is no person"),
        pytest.param("", "unknown", "no-agent", id="nobody says who it is"),
    ],
)
def test_picture_is_judged_by_the_agent_that_loads_it(agent, verdict, rule):
    judgement = judge(Signal(is_link=False, user_agent=agent, since=LATER), LIMITS)
    assert (judgement.verdict, judgement.rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("agent", "verdict", "rule"),
    [
        pytest.param(CHROME, "human", "reader", id="a browser is a person"),
        pytest.param(BING, "machine", "microsoft", id="the person comes later from their own address"),
        pytest.param(OFFICE, "machine", "microsoft", id="Office looks whether it is there"),
        pytest.param(f"{GMAIL_AHEAD} Gmail-content-sampling", "machine", "gmail-sampling", id="Gmail samples links"),
        pytest.param("Mozilla/5.0", "human", "reader", id="the bare agent stands for Apple on pictures only"),
    ],
)
def test_click_is_judged_by_the_agent_that_follows_it(agent, verdict, rule):
    judgement = judge(Signal(is_link=True, user_agent=agent, since=LATER), LIMITS)
    assert (judgement.verdict, judgement.rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("seconds", "verdict", "rule"),
    [
        pytest.param(-2, "machine", "too-soon", id="before delivery"),
        pytest.param(9.9, "machine", "too-soon", id="faster than a person"),
        pytest.param(10, "unknown", "soon", id="perhaps a quick person"),
        pytest.param(89, "unknown", "soon", id="perhaps a slow scanner"),
        pytest.param(90, "human", "reader", id="a person"),
    ],
)
def test_time_since_delivery_decides_for_an_ordinary_agent(seconds, verdict, rule):
    judgement = judge(Signal(is_link=False, user_agent=CHROME, since=timedelta(seconds=seconds)), LIMITS)
    assert (judgement.verdict, judgement.rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("facts", "verdict", "rule"),
    [
        pytest.param({"method": "HEAD"}, "machine", "head", id="people do not ask for heads"),
        pytest.param({"purpose": "prefetch;anonymous-client-ip"}, "prefetch", "purpose-header", id="Chrome loads ahead"),
        pytest.param({"purpose": "preview"}, "prefetch", "purpose-header", id="Safari shows a preview"),
        pytest.param({"flagged": True}, "machine", "provider-flag", id="the provider knows more than we do"),
        pytest.param({"in_burst": True}, "machine", "burst", id="two links at once"),
        pytest.param({"in_crowd": True}, "machine", "crowd", id="the whole domain at once"),
        pytest.param({"since": None}, "unknown", "time-unknown", id="not settled yet"),
        pytest.param({"since": None, "user_agent": "Mozilla/5.0"}, "prefetch", "apple-privacy", id="the agent needs no time"),
    ],
)
def test_other_facts_outrank_the_time(facts, verdict, rule):
    judgement = judge(Signal(**({"is_link": False, "user_agent": CHROME, "since": LATER} | facts)), LIMITS)
    assert (judgement.verdict, judgement.rule) == (verdict, rule)


def click(seconds, link, delivery=1):
    return Click(delivery_id=delivery, link=link, at=NOW + timedelta(seconds=seconds))


def test_two_different_links_at_once_are_a_burst_with_ten_seconds_around_it():
    (span,) = bursts([click(0, 1), click(6, 2)])[1]
    assert (span.start, span.end) == (NOW - timedelta(seconds=10), NOW + timedelta(seconds=16))


@pytest.mark.parametrize(
    "clicks",
    [
        pytest.param([click(0, 1), click(3, 1)], id="the same link twice is an impatient person"),
        pytest.param([click(0, 1), click(11, 2)], id="a person reads on"),
        pytest.param([click(0, 1), click(1, 2, delivery=2)], id="two people"),
    ],
)
def test_ordinary_clicks_are_no_burst(clicks):
    assert bursts(clicks) == {}


def test_crowd_is_the_busiest_minute():
    minute_before = [NOW - timedelta(hours=1)]
    span, count = crowded(minute_before + [NOW + timedelta(seconds=seconds) for seconds in (0, 10, 20, 50, 60, 200)])
    assert (count, span.start, span.end) == (5, NOW, NOW + timedelta(seconds=60))


def test_four_people_are_no_crowd():
    assert crowded([NOW] * 4) is None


@pytest.mark.parametrize(("opened", "recipients", "scanned"), [(5, 6, True), (4, 4, False), (7, 10, False), (8, 10, True)])
def test_domain_is_scanned_when_four_in_five_open_at_once(opened, recipients, scanned):
    assert is_scanned(opened=opened, recipients=recipients) is scanned


def test_verdicts_are_those_that_events_can_store():
    assert set(verdicts.Verdict.__args__) == set(models.Verdict.values) - {""}


def test_every_rule_is_named_so_that_events_are_found_by_it():
    written = re.findall(r'rule="([a-z-]+)"', inspect.getsource(verdicts))
    given = {*written, *verdicts.SCANNERS.values(), *verdicts.PREVIEWS.values(), *verdicts.PROGRAMS.values()}
    assert written
    assert given <= verdicts.RULES
