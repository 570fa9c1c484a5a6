from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.tracking.rescoring import rescore_all


class Command(BaseCommand):
    help = "Judges opens and clicks again by the present rules, as far back as user agents are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", type=int, help="only those of the campaign with this number")

    def handle(self, *, campaign: int | None, **_: Any) -> None:
        changed = rescore_all(now=timezone.now(), campaign_id=campaign)
        self.stdout.write(f"{changed} verdicts changed.")
