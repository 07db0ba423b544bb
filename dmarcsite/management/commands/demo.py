"""manage.py demo: loads the demo organisation through the real paths, or removes it with everything in it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from dmarcsite.demo.loader import demo_load, demo_remove


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
        for account in demo_load(now=timezone.now()):
            if account.password:
                self.stdout.write(f"demo {account.role}: {account.email}  {account.password}")
