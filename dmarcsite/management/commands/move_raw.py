"""manage.py move_raw: moves the bytes of mails to where SEKIMORI_RAW_STORE puts new ones (docs/raw-store.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from dmarcsite.management.at_database import at_database
from reports.ingest.raw.moving import move_all, waiting
from reports.sealing import SealBroken


class Command(BaseCommand):
    help = "Move the bytes of all mails to the first store of SEKIMORI_RAW_STORE. A run that was ended goes on with the next one."
    requires_system_checks = []  # the database may have to be started first

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say how much would be moved, and move nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with at_database():
                self._say_what_waits() if options["dry_run"] else self._move()
        except SealBroken:
            raise CommandError(
                _("The bucket does not give back what was put there. The last part was not moved.")
            ) from None

    def _say_what_waits(self) -> None:
        mails, size = waiting()
        self.stdout.write(
            _("%(mails)d mails (%(size)d bytes before compression) would move to %(place)s.")
            % {"mails": mails, "size": size, "place": _place()}
        )

    def _move(self) -> None:
        mails, _size = waiting()
        moved, left = 0, list[int]()
        with tqdm(total=mails, unit=_("mails"), disable=None) as bar:
            for part in move_all():
                moved += part.moved
                left += part.left
                bar.update(part.seen)
        self.stdout.write(_("%(moved)d mails were moved to %(place)s.") % {"moved": moved, "place": _place()})
        if left:
            raise CommandError(
                _("%(count)d mails stay where they are, since they do not open: %(ids)s")
                % {"count": len(left), "ids": ", ".join(map(str, left[:10]))}
            )


def _place() -> str:
    return settings.RAW_BUCKET.name if settings.RAW_INTO_BUCKET and settings.RAW_BUCKET else "PostgreSQL"
