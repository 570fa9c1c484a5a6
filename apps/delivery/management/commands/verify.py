from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.delivery.clock import database_now
from apps.delivery.invariants import INVARIANTS


class Command(BaseCommand):
    help = "Checks that the ledger of deliveries holds together; lists the rows at fault and exits with 1 if it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--most", type=int, default=20, help="rows to list per invariant (default: 20)")

    def handle(self, *args: Any, most: int, **options: Any) -> None:
        now = database_now()
        broken = 0
        for invariant in INVARIANTS:
            rows = list(invariant.offenders(now)[: most + 1])
            if not rows:
                self.stdout.write(f"{self.style.SUCCESS('ok')}  {invariant.name}")
                continue
            broken += 1
            self.stdout.write(f"{self.style.ERROR('BROKEN')}  {invariant.name}: {invariant.meaning}")
            for row in rows[:most]:
                self.stdout.write(f"    {_described(row)}")
            if len(rows) > most:
                self.stdout.write("    …")
        if broken:
            self.stderr.write(_("%(count)s of %(all)s invariants are broken.") % {"count": broken, "all": len(INVARIANTS)})
            raise SystemExit(1)


def _described(row: Any) -> str:
    if isinstance(row, Model):
        names = ("touchpoint_id", "contact_id", "batch_id", "revision", "state", "reason")
        found = {name: getattr(row, name) for name in names if getattr(row, name, None) not in (None, "")}
        return f"{row._meta.label} {row.pk}: " + ", ".join(f"{name}={value}" for name, value in found.items())
    return ", ".join(f"{name}={value}" for name, value in row.items())
