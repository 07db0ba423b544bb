"""manage.py demo: loads the demo organisation through the real paths, or removes it with everything in it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from dmarcsite.demo.loader import demo_load, demo_remove
from reports.errors import RawStoreError


class Command(BaseCommand):
    help = "Load the demonstration organisation, or remove it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--load", action="store_true", help="load it, or go on with a load that was cut short")
        choice.add_argument("--remove", action="store_true", help="remove it with its reports, rules and people")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            removed = demo_remove(viewer=None, now=timezone.now())
            self.stdout.write(_("The demonstration data is gone.") if removed else _("There is no demonstration data."))
            return
        try:
            accounts = demo_load(now=timezone.now())
        except RawStoreError as error:
            raise CommandError(
                _(
                    "The demonstration cannot be kept: the bucket of SEKIMORI_RAW_STORE does not do what it is asked "
                    "(%(error)s). Mend that (docs/raw-store.md) and start again, or start without it: DEMO=0."
                )
                % {"error": error}
            ) from None
        for account in accounts:
            if account.password:
                self.stdout.write(f"demo {account.role}: {account.email}  {account.password}")
