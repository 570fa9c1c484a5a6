"""A file of contacts on its way in: uploaded, its columns confirmed, checked, decided about, imported.

Checking and importing are a worker's. It has the row on lease, says with every chunk how far it is, and stops at the first
word that another has taken over. A chunk of contacts and the step forward that counts it are one transaction: a worker that
dies leaves a whole number of chunks, and the next one goes on after them.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.common.files import KEPT_FOR, keep
from apps.common.sheets import OpenSheet, SheetError, read_bytes
from apps.common.workbooks import open_sheet

from . import importing, plans
from .columns import Columns
from .guesses import SAMPLES, guess, to_remember
from .import_records import LEASE, MAX_ATTEMPTS
from .matching import Outcome
from .models import ColumnMeaning, Contact, ContactFile, ContactImport, ImportState
from .report import ErrorSheet

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
SMALL = 100_000  # bytes: a file of so many is dealt with at once, while the planner waits
KEPT_RECORDS = 50  # of past imports
LONGEST_SAMPLE = 80


_hints: list[Callable[[], None]] = []


def register_hint(hint: Callable[[], None]) -> None:
    """`hint` tells a worker that there is something to do. It only hurries: the clock looks every few seconds anyway."""
    _hints.append(hint)


class Overtaken(Exception):
    """Somebody else has this import in hand by now, or it was thrown away."""


def receive(file: "UploadedFile[Any]", *, actor: User, now: datetime) -> ContactImport:
    """Keeps an uploaded file and guesses what its columns mean; raises SheetError for what is no list at all."""
    seen = _as_read(open_sheet(read_bytes(file)))
    file.seek(0)
    with transaction.atomic():
        kept = keep(ContactFile, file, actor=actor, now=now)
        _forget(now)
        return ContactImport.objects.create(
            file=kept, name=kept.name, size=file.size or 0, started_at=now, started_by=actor, **seen
        )


def read_again(job: ContactImport, *, encoding: str, delimiter: str, sheet: str) -> bool:
    """Reads the file by other settings and guesses anew; raises SheetError and keeps nothing where that cannot be."""
    seen = _as_read(open_sheet(_content(job), encoding=encoding, delimiter=delimiter, sheet=sheet))
    return _move(job, (ImportState.UPLOADED, ImportState.CHECKED), to=ImportState.UPLOADED, problem="", **seen)


def confirm_columns(job: ContactImport, meanings: Sequence[str], *, now: datetime) -> bool:
    """Takes what the columns mean, remembers it for the next file, and has the file checked. Raises SheetError."""
    columns = Columns.checked(job.header, meanings)
    with transaction.atomic():
        moved = _move(
            job,
            (ImportState.UPLOADED, ImportState.CHECKED),
            to=ImportState.CHECKING,
            meanings=list(columns.meanings),
            problem="",
            **_AT_THE_START,
        )
        if moved:
            _remember(to_remember(columns), now=now)
    return moved


def reopen_columns(job: ContactImport) -> bool:
    """Back to the question what the columns mean, as long as nothing was written."""
    return _move(job, (ImportState.CHECKED,), to=ImportState.UPLOADED)


def begin_import(job: ContactImport, *, skip_errors: bool) -> bool:
    """Has written what the check planned; with rows at fault only where they are to be left out."""
    if job.at_fault and not skip_errors:
        return False
    return _move(job, (ImportState.CHECKED,), to=ImportState.IMPORTING, **(_AT_THE_START | {"total": job.to_write}))


def go_on(job: ContactImport) -> bool:
    """Takes up an import that broke off, after what is written already."""
    return _move(job, (ImportState.STOPPED,), to=ImportState.IMPORTING, problem="", attempts=0, leased_until=None)


def discard(job: ContactImport) -> bool:
    """Throws the file away. What an import that broke off has written stays, and so does the record of it."""
    with transaction.atomic():
        if not _move(job, (ImportState.UPLOADED, ImportState.CHECKED, ImportState.STOPPED)):
            return False
        ContactFile.objects.filter(job=job).delete()
        if not job.done or job.state != ImportState.STOPPED:
            ContactImport.objects.filter(pk=job.pk).delete()
    return True


def work(*, clock: Clock, seconds: float) -> bool:
    """Takes what waits, one import after the other, for about so long; True: there is more to do."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        job = claim(clock())
        if job is None:
            return False
        _work_on(job, clock=clock, ends=ends)
    return True


def get_on_with(job: ContactImport, *, clock: Clock, seconds: float) -> None:
    """Deals with a small file here and now, within so many seconds, and leaves a large one to a worker."""
    if job.size <= SMALL:
        work_on(job, clock=clock, seconds=seconds)
    if ContactImport.objects.at_work().filter(pk=job.pk).exists():
        for hint in _hints:
            hint()


def work_on(job: ContactImport, *, clock: Clock, seconds: float) -> None:
    """The same for one, if nobody else has it in hand."""
    job.refresh_from_db()
    if job.is_at_work and _claimed(job, clock()):
        _work_on(job, clock=clock, ends=time.monotonic() + seconds)


def claim(now: datetime) -> ContactImport | None:
    """The oldest that waits, for this worker alone."""
    waiting = ContactImport.objects.at_work().free(now).order_by("pk")
    return next((job for job in waiting if _claimed(job, now)), None)


def _claimed(job: ContactImport, now: datetime) -> bool:
    if job.attempts >= MAX_ATTEMPTS:
        _give_up(job)
        return False
    ContactImport.objects.free(now).filter(writes=True).update(writes=None)  # of a worker that is gone
    try:
        with transaction.atomic():
            return job.take(now)
    except IntegrityError:  # another import writes; this one waits for its turn
        return False


def _give_up(job: ContactImport) -> None:
    """A check ends with the file's fault on it; an import stands where it came to."""
    with translation.override(_reader(job)):
        problem = _("It was begun %(times)s times and did not come further.") % {"times": job.attempts}
    to = ImportState.STOPPED if job.state == ImportState.IMPORTING else ImportState.UPLOADED
    _move(job, (job.state,), to=to, problem=problem, **_RELEASED, attempts=0)


def _work_on(job: ContactImport, *, clock: Clock, ends: float) -> None:
    try:
        with translation.override(_reader(job)):  # reasons are written into the file of errors
            if job.state == ImportState.CHECKING:
                _check(job, clock)
            else:
                _import(job, clock, ends)
    except Overtaken:
        logger.info("Import %s is in other hands.", job.pk)


def _check(job: ContactImport, clock: Clock) -> None:
    began = clock()
    errors = ErrorSheet(job.header, delimiter=job.delimiter or ",")
    draft = importing.Draft(faults=errors)
    try:
        sheet = _open(job)
        for done in importing.check(sheet.rows, Columns.checked(sheet.header, job.meanings), draft):
            _keep(job, clock(), done=done, total=sheet.estimate and max(done, sheet.estimate))
    except SheetError as error:
        sentence = _("Line %(line)s: %(problem)s") % {"line": error.line, "problem": error.messages[0]}
        _leave(job, ImportState.UPLOADED, problem=sentence)
        return
    with transaction.atomic():
        files = ContactFile.objects.filter(job=job)
        files.update(plan=draft.plan.content(), errors=errors.content() if draft.at_fault else None)
        counts = {outcome.value: draft.outcomes[outcome] for outcome in Outcome}
        counts |= {"rows": draft.rows, "at_fault": draft.at_fault}
        _leave(job, ImportState.CHECKED, first_errors=errors.first, checked_at=began, **counts)


def _import(job: ContactImport, clock: Clock, ends: float) -> None:
    """Gives the import back to the queue where time is over before it is done."""
    content = ContactFile.objects.filter(job=job).values_list("plan", flat=True).first()
    if content is None:
        _leave(job, ImportState.STOPPED, problem=_("The file is no longer here; please upload it again."))
        return
    for chunk in plans.chunks(bytes(content), after=job.done, size=importing.CHUNK):
        _write(job, chunk, now=clock())
        if time.monotonic() > ends:
            _keep(job, clock(), **_RELEASED)
            return
    with transaction.atomic():
        _leave(job, ImportState.IMPORTED, imported_at=clock(), samples=[])
        ContactFile.objects.filter(job=job).update(content=b"", plan=None)
        job.refresh_from_db()
        counts = {"new": job.added, "changed": job.updated, "unchanged": job.unchanged, "errors": job.at_fault}
        record("contacts.imported", subject=Contact, actor=job.started_by, now=clock(), file=job.name, **counts)


def _write(job: ContactImport, chunk: Sequence[plans.Planned], *, now: datetime) -> None:
    """The chunk and the step that counts it, together or not at all."""
    try:
        with transaction.atomic():
            _step(job, importing.write(chunk), len(chunk), now=now)
    except IntegrityError:
        with transaction.atomic():
            _step(job, importing.write_singly(chunk), len(chunk), now=now)


def _step(job: ContactImport, written: importing.Written, rows: int, *, now: datetime) -> None:
    """Last in its transaction, so that the row is locked for a moment only; overtaken, it takes the chunk back with it."""
    _keep(
        job,
        now,
        done=F("done") + rows,
        added=F("added") + written.added,
        updated=F("updated") + written.updated,
        left_out=F("left_out") + written.left_out,
        attempts=0,
    )


def _keep(job: ContactImport, now: datetime, **fields: Any) -> None:
    if not ContactImport.objects.held(job).update(**({"leased_until": now + LEASE} | fields)):
        raise Overtaken


def _leave(job: ContactImport, state: ImportState, **fields: Any) -> None:
    if not ContactImport.objects.held(job).update(state=state, **_RELEASED, **fields):
        raise Overtaken
    job.state = state


_RELEASED: dict[str, Any] = {"claim": None, "leased_until": None, "writes": None}
_AT_THE_START: dict[str, Any] = {"done": 0, "total": None, "added": 0, "updated": 0, "left_out": 0, "attempts": 0}


def _move(job: ContactImport, states: Sequence[str], *, to: str = "", **fields: Any) -> bool:
    """Only out of one of `states`: of two who press a button at once, one is too late."""
    rows = ContactImport.objects.filter(pk=job.pk, state__in=states, file__isnull=False)
    return bool(rows.update(**fields, **({"state": to} if to else {"name": job.name})))


def _content(job: ContactImport) -> bytes:
    content = ContactFile.objects.filter(job=job).values_list("content", flat=True).first()
    if content is None:
        raise SheetError(_("The file is no longer here; please upload it again."))
    return bytes(content)


def _open(job: ContactImport) -> OpenSheet:
    return open_sheet(_content(job), encoding=job.encoding, delimiter=job.delimiter, sheet=job.sheet)


def _as_read(sheet: OpenSheet) -> dict[str, Any]:
    """How it was read, so that it is read like that from now on, its first rows, and what the columns seem to mean."""
    samples = [[cell[:LONGEST_SAMPLE] for cell in row.cells] for row in islice(sheet.rows, SAMPLES)]
    remembered = dict(ColumnMeaning.objects.values_list("name", "meaning"))
    is_text = not sheet.sheets
    return {
        "encoding": sheet.encoding if is_text else "",
        "delimiter": sheet.delimiter if is_text else "",
        "sheet": sheet.sheet,
        "sheets": list(sheet.sheets),
        "header": list(sheet.header),
        "samples": samples,
        "meanings": list(guess(sheet.header, samples, remembered)),
    }


def _remember(meanings: Mapping[str, str], *, now: datetime) -> None:
    rows = [ColumnMeaning(name=name, meaning=meaning, decided_at=now) for name, meaning in meanings.items()]
    ColumnMeaning.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name"], update_fields=["meaning", "decided_at"]
    )


def _forget(now: datetime) -> None:
    """Records without a file that nobody will ask about: unfinished ones, and all but the last finished ones."""
    gone = ContactImport.objects.filter(file__isnull=True, started_at__lt=now - KEPT_FOR)
    gone.exclude(state__in=(ImportState.IMPORTED, ImportState.STOPPED)).delete()
    gone.exclude(first_errors=[], samples=[]).update(first_errors=[], samples=[])  # what stood in their rows is personal data too
    last = ContactImport.objects.order_by("-pk").values_list("pk", flat=True)[KEPT_RECORDS : KEPT_RECORDS + 1]
    ContactImport.objects.filter(pk__lte=next(iter(last), 0), file__isnull=True).delete()


def _reader(job: ContactImport) -> str:
    return job.started_by.language if job.started_by else "en"
