"""What an import did or would do, in sentences for the screen and the terminal."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .columns import Columns
from .models import ContactImport, ImportState
from .report import ImportReport, RowError


@dataclass(frozen=True, kw_only=True)
class Progress:
    sentence: str
    percent: int | None  # None: nobody knows how much there is


def progress_of(job: ContactImport) -> Progress:
    percent = min(100 * job.done // job.total, 100) if job.total else None
    if not job.done:
        return Progress(sentence=_("Waiting for a worker to take it."), percent=percent and 0)
    if job.state == ImportState.IMPORTING:
        sentence = _("%(done)s of %(total)s contacts are written.")
        return Progress(sentence=sentence % {"done": _grouped(job.done), "total": _grouped(job.total or 0)}, percent=percent)
    sentence = ngettext("%(done)s row is checked.", "%(done)s rows are checked.", job.done)
    return Progress(sentence=sentence % {"done": _grouped(job.done)}, percent=percent)


def import_sentences(job: ContactImport) -> list[str]:
    """What the file would do or has done, as far as it has come."""
    columns = Columns(header=tuple(job.header), meanings=tuple(job.meanings))
    is_saved = job.state in (ImportState.IMPORTED, ImportState.STOPPED)
    report = ImportReport(
        new=job.added if is_saved else job.new,
        changed=job.updated if is_saved else job.changed,
        unchanged=job.unchanged,
        archived=job.archived,
        at_fault=job.at_fault,
        is_saved=is_saved,
        ignored_columns=columns.ignored,
    )
    return [*report_sentences(report), *(_overtaken(job) if job.left_out else ())]


def _overtaken(job: ContactImport) -> Iterator[str]:
    words = ngettext(
        "%(count)s contact was archived or changed by somebody else since the check and was left as it is.",
        "%(count)s contacts were archived or changed by somebody else since the check and were left as they are.",
        job.left_out,
    )
    yield words % {"count": _grouped(job.left_out)}


def report_sentences(report: ImportReport) -> list[str]:
    """What becomes of the rows of a readable file: one sentence for each kind that there is."""
    kinds = ((report.new, _new), (report.changed, _changed), (report.unchanged, _unchanged), (report.archived, _archived))
    sentences = [words(count, report.is_saved) % {"count": _grouped(count)} for count, words in kinds if count]
    left_out = report.at_fault
    if left_out:
        sentences.append(_left_out(left_out, report.is_saved) % {"count": _grouped(left_out)})
    if report.ignored_columns:
        sentences.append(
            _("Columns without a meaning here are passed over: %(names)s.") % {"names": ", ".join(report.ignored_columns)}
        )
    return sentences


def error_sentence(error: RowError) -> str:
    """“Line 4, E-Mail: …”."""
    place = f"{error.line}, {error.column}" if error.column else str(error.line)
    return _("Line %(place)s: %(problem)s") % {"place": place, "problem": error.sentence}


def _new(count: int, is_saved: bool) -> str:
    if is_saved:
        return ngettext("%(count)s contact was added.", "%(count)s contacts were added.", count)
    return ngettext("%(count)s contact is new.", "%(count)s contacts are new.", count)


def _changed(count: int, is_saved: bool) -> str:
    if is_saved:
        return ngettext("%(count)s contact was changed.", "%(count)s contacts were changed.", count)
    return ngettext("%(count)s contact would change.", "%(count)s contacts would change.", count)


def _unchanged(count: int, is_saved: bool) -> str:
    return ngettext(
        "%(count)s contact is already as the file has it.", "%(count)s contacts are already as the file has them.", count
    )


def _archived(count: int, is_saved: bool) -> str:
    return ngettext("%(count)s contact is archived and stays so.", "%(count)s contacts are archived and stay so.", count)


def _left_out(count: int, is_saved: bool) -> str:
    if is_saved:
        return ngettext("%(count)s row with errors was left out.", "%(count)s rows with errors were left out.", count)
    return ngettext("%(count)s row has errors.", "%(count)s rows have errors.", count)


def _grouped(count: int) -> str:
    return str(number_format(count, force_grouping=True))
