"""Lets go what is over its time, or says what would go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.errors import RawStoreError
from reports.ingest.raw import loose
from reports.models import Organisation
from reports.retention.months import months_over
from reports.retention.run import apply_retention, preview

TIDYING = timedelta(hours=2)


class Command(BaseCommand):
    help = "Delete what every organisation has set to be deleted by now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        at = timezone.now()
        organisations = {each.pk: each for each in Organisation.objects.order_by("name")}
        if dry_run:
            for month in months_over(at=at):
                self.stdout.write(_("%(table)s would be dropped.") % {"table": month.table})
            found = {pk: preview(pk, at=at) for pk in organisations}
        else:
            found = apply_retention(at=at)
        for pk, kinds in found.items():
            for kind, count in kinds.items():
                self.stdout.write(f"{organisations[pk].slug}\t{kind}\t{count}")
        if not dry_run:
            _let_go_of_objects()


def _let_go_of_objects() -> None:
    try:
        loose.let_go(clock=timezone.now, until=timezone.now() + TIDYING)
    except RawStoreError as error:
        raise CommandError(
            _(
                "Everything is gone but objects in the bucket, which does not answer (%(error)s). They go the next night."
            )
            % {"error": error}
        ) from None
