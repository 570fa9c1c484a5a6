from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.campaigns.checks import Level, Report, findings_of
from apps.campaigns.models import Campaign


class Command(BaseCommand):
    help = "Prints what the checks find about a campaign. The exit code is 1 where it may not be scheduled as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", type=int, help="Its number.")

    def handle(self, *, campaign: int, **options: Any) -> None:
        found = Campaign.objects.select_related("window", "playbook").filter(pk=campaign).first()
        if found is None:
            raise CommandError(f"There is no campaign {campaign}.")
        report = Report(findings=findings_of(found, now=timezone.now()))
        for group in report.groups:
            self.stdout.write(f"{group.name}:")
            for finding in group.findings:
                self.stdout.write(f"  {finding.level}: {finding.sentence}")
        if not report.findings:
            self.stdout.write(f"Checked: {len(report.rules)} rules, nothing found.")
        stops = [finding for finding in report.findings if finding.level == Level.STOP]
        if stops:
            raise CommandError(f"{found} may not be scheduled like this: {len(stops)} to mend.")
