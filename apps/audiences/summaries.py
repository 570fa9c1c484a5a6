"""What an import did or would do, in sentences for the screen and the terminal."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .report import ImportReport, RowError


def report_sentences(report: ImportReport) -> list[str]:
    """What becomes of the rows of a readable file: one sentence for each kind that there is."""
    kinds = ((report.new, _new), (report.changed, _changed), (report.unchanged, _unchanged), (report.archived, _archived))
    sentences = [words(count, report.is_saved) % {"count": count} for count, words in kinds if count]
    left_out = len({error.line for error in report.errors})
    if left_out and report.is_readable:
        sentences.append(_left_out(left_out, report.is_saved) % {"count": left_out})
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
