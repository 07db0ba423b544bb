"""manage.py check_raw: whether the bucket still holds every mail that the database says lies there (docs/raw-store.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from dmarcsite.management.at_database import at_database
from reports.ingest.raw.checking import check_objects, objects
from reports.ingest.raw.opening import object_of


class Command(BaseCommand):
    help = "Ask the bucket for every mail that lies there, and name those that are gone. Changes nothing."
    requires_system_checks = []  # the database may have to be started first

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--read", action="store_true", help="read each one too, and name those that are damaged")

    def handle(self, *args: Any, **options: Any) -> None:
        with at_database():
            lost = self._check(is_read=options["read"])
        if lost:
            raise CommandError(_("%(count)d mails are gone or damaged.") % {"count": lost})

    def _check(self, *, is_read: bool) -> int:
        total, lost = objects(), 0
        with tqdm(total=total, unit=_("mails"), disable=None) as bar:
            for looked_at, missing in check_objects(is_read=is_read):
                lost += len(missing)
                for raw in missing:
                    self.stdout.write(object_of(raw))
                bar.update(looked_at)
        if not lost:
            self.stdout.write(_("All %(count)d mails are there.") % {"count": total})
        return lost
