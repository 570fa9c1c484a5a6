"""Who is behind an open or a click: a person, a machine, a mail program loading ahead, or nobody can tell.

Pure: facts in, a verdict and the rule that gave it out. Rules are tried in order and the first that speaks wins. Nothing
is dropped: a hit is labelled, so that `rescore_events` can judge it again. Raise RULES_VERSION with every change here.

Fragments are long on purpose: short ones such as `bot`, `java` or `atp` hit the browsers of real people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

RULES_VERSION = 1

Verdict = Literal["human", "machine", "prefetch", "unknown"]

BURST = timedelta(seconds=10)  # two different links of one message so close together were not clicked by a person
CROWD_SPAN = timedelta(seconds=60)
CROWD_SHARE = 0.8
SMALLEST_CROWD = 5

GMAIL_PROXY = "GoogleImageProxy"
GMAIL_PREFETCH = "Edge/12.246 Mozilla/5.0"
GMAIL_SAMPLING = "Gmail-content-sampling"
YAHOO_PROXY = "YahooMailProxy"
APPLE_PRIVACY = "Mozilla/5.0"  # the whole agent: Mail Privacy Protection names nothing else

# Microsoft fetches links before the reader does, but also fetches pictures for Outlook.com's readers.
MICROSOFT = ("BingPreview", "Microsoft Office Existence Discovery")
SCANNERS: Mapping[str, str] = {
    "Proofpoint": "proofpoint",
    "urldefense": "proofpoint",
    "Mimecast": "mimecast",
    "Barracuda": "barracuda",
    "IronPort": "cisco",
    "Cisco-Talos": "cisco",
}
PREVIEWS: Mapping[str, str] = {
    "Slackbot": "slack",
    "Slack-ImgProxy": "slack",
    "SkypeUriPreview": "teams",
    "facebookexternalhit": "facebook",
    "LinkedInBot": "linkedin",
    "Twitterbot": "twitter",
    "TelegramBot": "telegram",
    "Discordbot": "discord",
    "Googlebot": "googlebot",
    "bingbot": "bingbot",
}
PROGRAMS: Mapping[str, str] = {
    "python-requests/": "program",
    "Python-urllib/": "program",
    "Go-http-client/": "program",
    "curl/": "program",
    "Wget/": "program",
    "HeadlessChrome/": "headless",
    "PhantomJS/": "headless",
}
RULES = frozenset(
    {
        "provider-flag",
        "head",
        "purpose-header",
        "gmail-sampling",
        "gmail-prefetch",
        "apple-privacy",
        *SCANNERS.values(),
        *PREVIEWS.values(),
        *PROGRAMS.values(),
        "microsoft",
        "burst",
        "crowd",
        "time-unknown",
        "too-soon",
        "soon",
        "no-agent",
        "gmail-proxy",
        "yahoo-proxy",
        "reader",
    }
)  # by name; one that is given no longer stays, because events bear it


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What is known of one open or click.

    `since` is the time since the message was delivered, or else sent; None when neither is known yet.
    """

    is_link: bool
    method: str = "GET"
    user_agent: str = ""
    purpose: str = ""  # the Sec-Purpose or Purpose header
    since: timedelta | None = None
    flagged: bool = False  # the mail provider itself calls it a machine
    in_burst: bool = False
    in_crowd: bool = False


@dataclass(frozen=True, kw_only=True)
class Limits:
    machine: timedelta  # sooner after delivery it was a machine
    undecided: timedelta  # sooner nobody can tell


@dataclass(frozen=True, kw_only=True)
class Judgement:
    verdict: Verdict
    rule: str


@dataclass(frozen=True, kw_only=True)
class Click:
    delivery_id: int
    link: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Span:
    start: datetime
    end: datetime

    def covers(self, at: datetime) -> bool:
        return self.start <= at <= self.end


def judge(signal: Signal, limits: Limits) -> Judgement:
    """The first rule that speaks; a reader's own program or a proxy that fetches when the reader looks is a person."""
    return (
        _by_provider(signal)
        or _by_request(signal)
        or _by_agent(signal)
        or _by_company(signal)
        or _by_time(signal, limits)
        or _person(signal)
    )


def _by_provider(signal: Signal) -> Judgement | None:
    # A provider's word counts towards "machine" only: what it does not flag is still judged here.
    return Judgement(verdict="machine", rule="provider-flag") if signal.flagged else None


def _by_request(signal: Signal) -> Judgement | None:
    if signal.method == "HEAD":
        return Judgement(verdict="machine", rule="head")
    if "prefetch" in signal.purpose.lower() or "preview" in signal.purpose.lower():
        return Judgement(verdict="prefetch", rule="purpose-header")
    return None


def _by_agent(signal: Signal) -> Judgement | None:
    agent = signal.user_agent.strip()
    if agent.endswith(GMAIL_SAMPLING):
        return Judgement(verdict="machine", rule="gmail-sampling")
    if agent.endswith(GMAIL_PREFETCH):
        return Judgement(verdict="prefetch", rule="gmail-prefetch")
    if agent == APPLE_PRIVACY and not signal.is_link:
        return Judgement(verdict="prefetch", rule="apple-privacy")
    for table in (SCANNERS, PREVIEWS, PROGRAMS):
        for fragment, rule in table.items():
            if fragment in agent:
                return Judgement(verdict="machine", rule=rule)
    if any(fragment in agent for fragment in MICROSOFT):
        return Judgement(verdict="machine" if signal.is_link else "unknown", rule="microsoft")
    return None


def _by_company(signal: Signal) -> Judgement | None:
    if signal.in_burst:
        return Judgement(verdict="machine", rule="burst")
    if signal.in_crowd:
        return Judgement(verdict="machine", rule="crowd")
    return None


def _by_time(signal: Signal, limits: Limits) -> Judgement | None:
    if signal.since is None:
        return Judgement(verdict="unknown", rule="time-unknown")
    if signal.since < limits.machine:
        return Judgement(verdict="machine", rule="too-soon")
    if signal.since < limits.undecided:
        return Judgement(verdict="unknown", rule="soon")
    return None


def _person(signal: Signal) -> Judgement:
    if not signal.user_agent.strip():
        return Judgement(verdict="unknown", rule="no-agent")
    if GMAIL_PROXY in signal.user_agent:
        return Judgement(verdict="human", rule="gmail-proxy")
    if YAHOO_PROXY in signal.user_agent:
        return Judgement(verdict="human", rule="yahoo-proxy")
    return Judgement(verdict="human", rule="reader")


def bursts(clicks: Iterable[Click]) -> dict[int, list[Span]]:
    """Per delivery, the spans (with BURST on both sides) around two different links clicked within BURST."""
    spans: dict[int, list[Span]] = {}
    latest: dict[int, Click] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        before = latest.get(click.delivery_id)
        latest[click.delivery_id] = click
        if before and before.link != click.link and click.at - before.at <= BURST:
            span = Span(start=before.at - BURST, end=click.at + BURST)
            spans.setdefault(click.delivery_id, []).append(span)
    return spans


def crowded(first_opens: Iterable[datetime]) -> tuple[Span, int] | None:
    """The span of at most CROWD_SPAN in which most recipients first opened, and how many; None below SMALLEST_CROWD."""
    times = sorted(first_opens)
    best: tuple[Span, int] | None = None
    left = 0
    for right, end in enumerate(times):
        while end - times[left] > CROWD_SPAN:
            left += 1
        count = right - left + 1
        if count >= SMALLEST_CROWD and (best is None or count > best[1]):
            best = Span(start=times[left], end=end), count
    return best


def is_scanned(*, opened: int, recipients: int) -> bool:
    """Whether so many of a domain's recipients opened within one span that its gateway must have done it."""
    return opened >= SMALLEST_CROWD and opened >= CROWD_SHARE * recipients
