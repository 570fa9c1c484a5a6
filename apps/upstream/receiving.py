"""Notices that were read meet those that are kept: new, newer, known, or outdated. Rows first; their effect comes after."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction

from apps.windows.calendar.events import provider as own_provider

from .effects import is_newer
from .models import NoticeState, UpstreamNotice
from .reading import ReadNotice
from .words import ProviderStatus

CHUNK = 300  # rows per query; each is several parameters of a statement

Key = tuple[str, str]


class Arrival(StrEnum):
    NEW = "new"
    NEWER = "newer"  # a later version of one that is kept
    KNOWN = "known"  # this version is kept already
    OUTDATED = "outdated"  # a later version is kept
    OWN = "own"  # of a window of ours, which came back: from a bounce, or somebody's answer


@dataclass(kw_only=True)
class Received:
    """What became of a file's notices; `ids` of the rows that now wait to have their effect."""

    counts: Counter[Arrival] = field(default_factory=Counter)
    ids: list[int] = field(default_factory=list)


def newest_of_each(notices: Iterable[ReadNotice]) -> list[ReadNotice]:
    """A file may hold several versions of one maintenance, in any order."""
    newest: dict[Key, ReadNotice] = {}
    for notice in notices:
        known = newest.get(notice.key)
        if known is None or is_newer(
            known=(known.sequence or 0, known.stamp),
            incoming=(notice.sequence, notice.stamp),
            differs=notice.raw != known.raw,
        ):
            newest[notice.key] = notice
    return list(newest.values())


def keep(notices: Iterable[ReadNotice], *, source: str, now: datetime) -> Received:
    """Keeps what is new or newer. Two that receive the same at once keep it once."""
    received = Received()
    newest = newest_of_each(notices)
    foreign = [notice for notice in newest if not is_own(notice)]
    received.counts[Arrival.OWN] = len(newest) - len(foreign)
    for chunk in chunks(foreign):
        with transaction.atomic():
            _keep_chunk(chunk, received, source=source, now=now)
    return received


def arrivals(notices: Sequence[ReadNotice]) -> Iterator[tuple[ReadNotice, Arrival, UpstreamNotice | None]]:
    """What `keep` would do with each, and the row it would meet; writes nothing."""
    for chunk in chunks(notices):
        rows = {row_key(row): row for row in _rows(chunk).select_related("window")}
        for notice in chunk:
            row = rows.get(notice.key)
            yield notice, arrival(notice, row), row


def is_own(notice: ReadNotice) -> bool:
    return notice.key[0] == own_provider().casefold()


def arrival(notice: ReadNotice, row: UpstreamNotice | None) -> Arrival:
    if is_own(notice):
        return Arrival.OWN
    if row is None:
        return Arrival.NEW
    incoming = (notice.sequence, notice.stamp)
    if is_newer(known=(row.sequence, row.stamp), incoming=incoming, differs=notice.raw != row.raw):
        return Arrival.NEWER
    return Arrival.KNOWN if _is_same(notice, row) else Arrival.OUTDATED


def row_key(row: UpstreamNotice) -> Key:
    return row.provider_key, row.uid


def facts(notice: ReadNotice, row: UpstreamNotice | None) -> dict[str, Any]:
    """The fields of a row; what a later version leaves out, it leaves as it was."""
    known = row if row and row.pk else None
    status = notice.status or (known.provider_status if known else ProviderStatus.CONFIRMED)
    objects = [{"id": each.id, "impact": each.impact} for each in notice.objects]
    return {
        "provider": notice.provider,
        "sequence": notice.sequence if notice.sequence is not None else (known.sequence if known else 0),
        "stamp": notice.stamp,
        "provider_status": str(status),
        "account": notice.account,
        "maintenance_id": notice.maintenance_id,
        "objects_affected": objects or (known.objects_affected if known else []),
        # A provider that cancels often leaves out the rest.
        "impact": known.impact if known and not objects and status == ProviderStatus.CANCELLED else notice.impact,
        "starts_at": notice.starts_at,
        "ends_at": notice.ends_at,
        "time_zone": notice.time_zone,
        "summary": notice.summary,
        "description": notice.description,
        "organizer": notice.organizer,
        "remarks": [str(remark) for remark in notice.remarks],
        "raw": notice.raw,
    }


def chunks(notices: Sequence[ReadNotice]) -> Iterator[Sequence[ReadNotice]]:
    for first in range(0, len(notices), CHUNK):
        yield notices[first : first + CHUNK]


def _is_same(notice: ReadNotice, row: UpstreamNotice) -> bool:
    return notice.sequence in (None, row.sequence) and notice.stamp in (None, row.stamp)


def _rows(chunk: Iterable[ReadNotice]) -> Any:
    keys = [notice.key for notice in chunk]
    return UpstreamNotice.objects.filter(provider_key__in={key[0] for key in keys}, uid__in=[key[1] for key in keys])


def _keep_chunk(chunk: Sequence[ReadNotice], received: Received, *, source: str, now: datetime) -> None:
    before = {(key, uid) for key, uid in _rows(chunk).values_list("provider_key", "uid")}
    missing = [notice for notice in chunk if notice.key not in before]
    UpstreamNotice.objects.bulk_create((_new(notice, source, now) for notice in missing), ignore_conflicts=True)
    rows: Mapping[Key, UpstreamNotice] = {row_key(row): row for row in _rows(chunk).order_by("pk").select_for_update()}
    for notice in chunk:
        row = rows[notice.key]
        found = arrival(notice, row)
        if found == Arrival.NEWER:
            _renew(row, notice, source, now)
        elif found == Arrival.KNOWN and notice.key not in before:
            found = Arrival.NEW
        received.counts[found] += 1
        if found in (Arrival.NEW, Arrival.NEWER) and row.state == NoticeState.RECEIVED:
            received.ids.append(row.pk)


def _new(notice: ReadNotice, source: str, now: datetime) -> UpstreamNotice:
    key, uid = notice.key
    return UpstreamNotice(provider_key=key, uid=uid, source=source, received_at=now, **facts(notice, None))


def _renew(row: UpstreamNotice, notice: ReadNotice, source: str, now: datetime) -> None:
    """What a planner has set aside stays aside, and is kept up to date."""
    fields = facts(notice, row) | {"source": source, "received_at": now, "updated_at": now, "problem": ""}
    if row.state != NoticeState.SET_ASIDE:
        fields["state"] = NoticeState.RECEIVED
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
