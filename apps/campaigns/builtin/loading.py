"""Puts what Preavis brings along into the database, and never over what a planner has made of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.accounts.services import record
from apps.audiences.models import Segment
from apps.channels.models import Channel

from ..models import MessageTemplate, Playbook, Step
from . import files

STEP_FIELDS = (
    *("position", "key", "anchor", "offset_days", "offset", "repeats_by_cadence", "repeat_every", "content_key", "urgency"),
    *("is_mandatory", "min_duration", "only_unconfirmed", "useful_for", "useful_until_before_start", "when_late"),
)


@dataclass(kw_only=True)
class LoadReport:
    """What became of each item, by name; `kept` are those that somebody has edited or made."""

    created: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@transaction.atomic
def load_builtin(*, now: datetime) -> LoadReport:
    """Creates what is missing and refreshes what nobody has edited. Running it again changes nothing."""
    report = LoadReport()
    segments, channels = _load_basics(report)
    for text in files.texts():
        _load_text(text, report)
    for file in files.playbooks():
        _load_playbook(file, segments, channels, report, now=now)
    return report


def _load_basics(report: LoadReport) -> tuple[dict[str, Segment], dict[str, Channel]]:
    """The segments and channels by slug; one that has the slug or the name already is taken as it is."""
    basics = files.basics()
    segments = {fields["slug"]: _segment(fields, report) for fields in basics["segments"]}
    channels = {fields["slug"]: _channel(fields, report) for fields in basics["channels"]}
    return segments, channels


def _segment(fields: Mapping[str, Any], report: LoadReport) -> Segment:
    found = Segment.objects.filter(_same(fields)).first()
    (report.unchanged if found else report.created).append(f"segment {fields['slug']}")
    return found or Segment.objects.create(**fields)


def _channel(fields: Mapping[str, Any], report: LoadReport) -> Channel:
    found = Channel.objects.filter(_same(fields)).first()
    (report.unchanged if found else report.created).append(f"channel {fields['slug']}")
    return found or Channel.objects.create(**fields)


def _same(fields: Mapping[str, Any]) -> Q:
    return Q(slug=fields["slug"]) | Q(name=fields["name"])


def _load_text(text: files.Text, report: LoadReport) -> None:
    row = MessageTemplate.objects.filter(
        content_key=text.content_key, language=text.language, channel_kind=text.channel_kind, segment=None, urgency=""
    ).first()
    if row is None:
        row = MessageTemplate(content_key=text.content_key, language=text.language, channel_kind=text.channel_kind)
        report.created.append(f"text {text}")
    elif row.builtin_digest != _digest(row.subject, row.body):
        report.kept.append(f"text {text}")
        return
    elif (row.subject, row.body) == (text.subject, text.body):
        report.unchanged.append(f"text {text}")
        return
    else:
        report.refreshed.append(f"text {text}")
    row.subject, row.body, row.builtin_digest = text.subject, text.body, _digest(text.subject, text.body)
    row.save()


def _load_playbook(
    file: files.PlaybookFile,
    segments: Mapping[str, Segment],
    channels: Mapping[str, Channel],
    report: LoadReport,
    *,
    now: datetime,
) -> None:
    name = f"playbook {file.slug}"
    wanted = [_step(step, segments, channels) for step in file.steps]
    digest = _playbook_digest(file.name, file.description, wanted)
    playbook = Playbook.objects.filter(Q(slug=file.slug) | Q(name=file.name)).order_by("id").first()
    if playbook is None:
        is_default = file.is_default and not Playbook.objects.filter(is_default=True).exists()
        playbook = Playbook(slug=file.slug, is_default=is_default)
        report.created.append(name)
    elif playbook.builtin_digest != _playbook_digest(playbook.name, playbook.description, list(playbook.steps.all())):
        report.kept.append(name)
        return
    elif playbook.builtin_digest == digest:
        report.unchanged.append(name)
        return
    else:
        report.refreshed.append(name)
    playbook.name, playbook.description, playbook.builtin_digest = file.name, file.description, digest
    playbook.save()
    _write_steps(playbook, wanted)
    record("playbook.loaded", subject=playbook, actor=None, now=now, slug=file.slug)


def _step(fields: Mapping[str, Any], segments: Mapping[str, Segment], channels: Mapping[str, Channel]) -> Step:
    segment = fields["segment"]
    fallback = fields.get("fallback")
    places = {
        "segment": segments[segment] if segment else None,
        "channel": channels[fields["channel"]],
        "fallback_channel": channels[fallback] if fallback else None,
    }
    return Step(**{**{name: value for name, value in fields.items() if name != "fallback"}, **places})


def _write_steps(playbook: Playbook, wanted: list[Step]) -> None:
    """Steps keep their row as long as they keep their moment, segment and channel: touchpoints point at them."""
    existing = {(row.key, row.segment_id, row.channel_id): row for row in playbook.steps.all()}
    for step in wanted:
        same = existing.pop((step.key, step.segment_id, step.channel_id), None)
        step.playbook, step.pk = playbook, same.pk if same else None
        step.save()
    Step.objects.filter(pk__in=[row.pk for row in existing.values()]).delete()


def _playbook_digest(name: str, description: str, steps: list[Step]) -> str:
    rows = [[*(str(getattr(step, field)) for field in STEP_FIELDS), *_places(step)] for step in steps]
    return _digest(name, description, *sorted(rows, key=str))


def _places(step: Step) -> list[int | str | None]:
    """A step without a later option counts as it did before there was one: it has not been edited."""
    later: list[int | str] = [step.fallback_channel_id] if step.fallback_channel_id else []
    later += [name for name in ("invites", "attaches_maintnote") if getattr(step, name)]
    later += [f"owner {step.owner_id}"] if step.owner_id else []
    later += [f"label {step.label}"] if step.label else []
    return [step.segment_id, step.channel_id, *later]


def _digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()
