"""Fills an empty database with a large organisation's data, to measure with."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.dashboard.scale.services import HasData, seed
from apps.dashboard.scale.sizes import Sizes


class Command(BaseCommand):
    help = "Fills an empty database with invented contacts, windows and deliveries. Nothing of it can be sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", action="store_true", required=True, help="the sizes that a large organisation has")
        parser.add_argument("--contacts", type=int, default=Sizes.contacts)
        parser.add_argument("--windows", type=int, default=Sizes.windows)
        parser.add_argument("--deliveries", type=int, default=Sizes.deliveries)
        parser.add_argument("--into-data", action="store_true", help="also where there are contacts or windows already")

    def handle(self, *args: Any, **options: Any) -> None:
        sizes = Sizes(**{name: options[name] for name in ("contacts", "windows", "deliveries")})
        if problem := sizes.problem():
            raise CommandError(problem)
        begun = time.monotonic()

        def say(words: str) -> None:
            self.stdout.write(f"{time.monotonic() - begun:7.1f} s  {words}")

        try:
            seed(sizes, into_data=options["into_data"], say=say, now=timezone.now())
        except HasData:
            raise CommandError(
                "This database has contacts, windows or deliveries. Seeding would put invented ones among them, where nothing "
                "tells them apart in lists and figures. Use another database, or say --into-data."
            ) from None
        say("done")
