"""The smallest valid object of each kind, as plain functions; give only what the test is about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from apps.accounts.models import User
from apps.audiences.models import Contact, Segment
from apps.campaigns.models import Anchor, Campaign, MessageTemplate, Playbook, Step, Touchpoint, TouchpointState
from apps.channels.models import Channel, ChannelKind
from apps.delivery.models import TOLD_STATES, Batch, Delivery, DeliveryState
from apps.windows.models import MaintenanceWindow, RevisionChange, Service, WindowRevision, WindowStatus

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_number = count(1)


def make_user(**fields: Any) -> User:
    fields.setdefault("username", f"ana{next(_number)}")
    return User.objects.create_user(**fields)


def make_planner(**fields: Any) -> User:
    return make_user(**({"is_staff": True, "is_superuser": True} | fields))


def make_service(name: str = "", **fields: Any) -> Service:
    number = next(_number)
    return Service.objects.create(name=name or f"Service {number}", slug=f"service-{number}", **fields)


def make_window(*, starts_at: datetime = NOW + 30 * DAY, duration: timedelta = 4 * HOUR, **fields: Any) -> MaintenanceWindow:
    ends_at = fields.pop("ends_at", starts_at + duration)
    services = fields.pop("services", None)
    defaults: dict[str, Any] = {
        "title": "Database upgrade",
        "time_zone": "Europe/Paris",
        "starts_at": starts_at,
        "ends_at": ends_at,
        "announced_ends_at": ends_at,
        "status": WindowStatus.SCHEDULED,
        "scheduled_at": NOW,
        "revision": 1,
        "content_changed_at": NOW,
    }
    window = MaintenanceWindow.objects.create(**(defaults | fields))
    window.services.set(services if services is not None else [make_service()])
    return window


def make_contact(**fields: Any) -> Contact:
    fields.setdefault("email", f"cem{next(_number)}@example.org")
    return Contact.objects.create(**fields)


def make_segment(rule: dict[str, Any] | None = None, **fields: Any) -> Segment:
    number = next(_number)
    defaults = {"name": f"Segment {number}", "slug": f"segment-{number}", "rule": rule or {"all": []}}
    return Segment.objects.create(**(defaults | fields))


def make_channel(kind: str = ChannelKind.MEMORY, **fields: Any) -> Channel:
    number = next(_number)
    return Channel.objects.create(**({"name": f"Channel {number}", "slug": f"channel-{number}", "kind": kind} | fields))


def make_playbook(**fields: Any) -> Playbook:
    number = next(_number)
    return Playbook.objects.create(**({"name": f"Playbook {number}", "slug": f"playbook-{number}"} | fields))


def make_step(playbook: Playbook, **fields: Any) -> Step:
    defaults: dict[str, Any] = {"key": "announce", "anchor": Anchor.ANNOUNCE, "content_key": "announce"}
    fields = defaults | fields
    if "channel" not in fields:
        fields["channel"] = make_channel()
    if "segment" not in fields and not fields["channel"].is_broadcast:
        fields["segment"] = make_segment()
    return Step.objects.create(playbook=playbook, **fields)


def make_template(**fields: Any) -> MessageTemplate:
    defaults = {"content_key": "announce", "language": "en", "subject": "{{ window.title }}", "body": "{{ window.times }}"}
    return MessageTemplate.objects.create(**(defaults | fields))


def make_campaign(**fields: Any) -> Campaign:
    fields.setdefault("window", None)
    fields["window"] = fields["window"] or make_window()
    fields.setdefault("playbook", None)
    fields["playbook"] = fields["playbook"] or make_playbook()
    return Campaign.objects.create(**({"released_at": NOW} | fields))


def make_touchpoint(**fields: Any) -> Touchpoint:
    due_at = fields.get("due_at", NOW)
    defaults: dict[str, Any] = {
        "step_key": f"t-{next(_number)}",
        "content_key": "announce",
        "revision": 1,
        "state": TouchpointState.PLANNED,
        "due_at": due_at,
        "expand_at": due_at and due_at - timedelta(minutes=10),
        "useful_until": due_at and due_at + 6 * HOUR,
    }
    fields = defaults | fields
    fields["campaign"] = fields.get("campaign") or make_campaign()
    fields["channel"] = fields.get("channel") or make_channel()
    if "segment" not in fields and not fields["channel"].is_broadcast:
        fields["segment"] = make_segment()
    return Touchpoint.objects.create(**fields)


def make_batch(touchpoint: Touchpoint | None = None, **fields: Any) -> Batch:
    touchpoint = touchpoint or make_touchpoint(state=TouchpointState.DUE)
    defaults = {"revision": touchpoint.revision, "channel": touchpoint.channel, "not_before": NOW, "created_at": NOW}
    return Batch.objects.create(touchpoint=touchpoint, **(defaults | fields))


def make_delivery(*, touchpoint: Touchpoint | None = None, **fields: Any) -> Delivery:
    touchpoint = touchpoint or make_touchpoint(state=TouchpointState.DUE)
    if "contact" not in fields and not touchpoint.channel.is_broadcast:
        fields["contact"] = make_contact()
    contact = fields.get("contact")
    state = fields.get("state", DeliveryState.PENDING)
    defaults: dict[str, Any] = {"revision": touchpoint.revision, "address": contact.email if contact else ""}
    if state == DeliveryState.PENDING and "batch" not in fields:
        fields["batch"] = make_batch(touchpoint, revision=fields.get("revision", touchpoint.revision))
    if state in TOLD_STATES:
        defaults["sent_at"] = NOW
    return Delivery.objects.create(touchpoint=touchpoint, **(defaults | fields))


def make_revision(window: MaintenanceWindow, **fields: Any) -> WindowRevision:
    names = ("status", "time_zone", "starts_at", "ends_at", "announced_ends_at")
    defaults = {name: getattr(window, name) for name in names} | {"changed_at": NOW, "change": RevisionChange.SCHEDULED}
    return WindowRevision.objects.create(window=window, **({"number": window.revision} | defaults | fields))
