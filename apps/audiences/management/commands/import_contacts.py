from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.audiences.report import ImportReport
from apps.audiences.services import import_contacts
from apps.audiences.summaries import error_sentence, report_sentences

MOST_ERRORS_SHOWN = 50


class Command(BaseCommand):
    help = "Adds and updates contacts from a CSV or XLSX file. Where a row is wrong nothing is saved, and the exit code is 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Report only, save nothing.")
        parser.add_argument("--skip-errors", action="store_true", help="Import the good rows and leave the others out.")
        parser.add_argument("--errors-to", type=Path, metavar="FILE", help="Write the rows at fault, with their reasons, as CSV.")

    def handle(self, *, file: Path, dry_run: bool, skip_errors: bool, errors_to: Path | None, **options: Any) -> None:
        try:
            with file.open("rb") as content:
                report = import_contacts(content, now=timezone.now(), dry_run=dry_run, skip_errors=skip_errors)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        self._show(file, report)
        if errors_to and report.errors:
            self._write_errors(errors_to, report)
        if report.errors and not report.is_saved:
            raise CommandError("Nothing was saved.")
        if dry_run:
            self.stdout.write("Nothing was saved: this was a dry run.")

    def _write_errors(self, path: Path, report: ImportReport) -> None:
        try:
            path.write_bytes(report.errors_csv())
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error

    def _show(self, file: Path, report: ImportReport) -> None:
        if report.is_readable:
            kind = f"{report.encoding}, columns separated by {report.delimiter!r}" if report.encoding else "a workbook"
            self.stdout.write(f"{file.name}: {kind}.")
        for error in report.errors[:MOST_ERRORS_SHOWN]:
            value = f" ({error.value!r})" if error.value else ""
            self.stderr.write(f"{error_sentence(error)}{value}")
        if len(report.errors) > MOST_ERRORS_SHOWN:
            self.stderr.write(
                f"… and {len(report.errors) - MOST_ERRORS_SHOWN} more errors; --errors-to writes them all to a file."
            )
        for sentence in report_sentences(report):
            self.stdout.write(sentence)
