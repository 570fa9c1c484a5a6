from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.campaigns.builtin.loading import load_builtin


class Command(BaseCommand):
    help = "Creates and refreshes the built-in playbooks and texts; what somebody has edited stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        report = load_builtin(now=timezone.now())
        for word, names in (("Created", report.created), ("Refreshed", report.refreshed), ("Kept as edited", report.kept)):
            for name in names if options["verbosity"] > 1 or word != "Created" else ():
                self.stdout.write(f"{word}: {name}")
        self.stdout.write(
            f"{len(report.created)} created, {len(report.refreshed)} refreshed, "
            f"{len(report.unchanged)} unchanged, {len(report.kept)} kept as edited."
        )
