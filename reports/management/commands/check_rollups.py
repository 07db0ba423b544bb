"""Compares the daily sums with the rows they are made of; ends with 1 where a bucket differs, so that a monitor can call it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.models import Domain
from reports.rollups.check import Compared, check_rollups


class Command(BaseCommand):
    help = "Recompute the daily sums from their rows, bucket by bucket, and name those that differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="write the right sums where they differ")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        told: list[Compared] = []
        result = check_rollups(at=timezone.now(), repair=repair, told=told)
        names = dict(Domain.objects.values_list("pk", "name"))
        for each in told:
            words = _("%(domain)s %(day)s: %(stored)d messages stored, %(right)d in rows and events")
            name = names.get(each.bucket.domain_id, each.bucket.domain_id)
            self.stdout.write(
                words % {"domain": name, "day": each.bucket.day, "stored": each.stored, "right": each.right}
            )
        words = _("%(buckets)d days of domains checked, %(differing)d differed, %(repaired)d repaired.")
        self.stdout.write(
            words % {"buckets": result.buckets, "differing": result.differing, "repaired": result.repaired}
        )
        if result.differing:
            sys.exit(1)
