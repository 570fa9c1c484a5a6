from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.tracking.models import TicketSource
from apps.tracking.ticket_import import import_tickets


class Command(BaseCommand):
    help = "Records the tickets of a CSV file: all or none, unless --skip-errors. Columns: see docs/tracking.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="the ticket source's slug")
        parser.add_argument("file", help="the CSV file")
        parser.add_argument("--skip-errors", action="store_true", help="record the good rows, leave out the others")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *, source: str, file: str, skip_errors: bool, dry_run: bool, **_: Any) -> None:
        known = TicketSource.objects.filter(slug=source).first()
        if known is None:
            names = ", ".join(TicketSource.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no ticket source “{source}”; there are: {names}.")
        try:
            with open(file, "rb") as opened:
                report = import_tickets(opened, source=known, skip_errors=skip_errors, dry_run=dry_run)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        for problem in report.problems:
            self.stderr.write(f"line {problem.line}, {problem.column or 'file'}: {problem.sentence}")
        if not report.is_saved and not dry_run:
            raise CommandError("Nothing was recorded.")
        verb = "would be" if dry_run else "were"
        self.stdout.write(f"{report.new} tickets {verb} recorded, {report.updated} updated.")
