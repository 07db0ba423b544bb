"""manage.py rotate_keys: seals everything with the newest key, so that an old one can be taken away."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from dmarcsite.env import new_key
from dmarcsite.management.at_database import at_database
from dmarcsite.safekeeping.sealed import key_uses, reseal_all
from reports.sealing import SealBroken, known_key_names


class Command(BaseCommand):
    help = "Seal all secrets, samples and raw mail with the newest key. A run that was ended goes on with the next one."
    requires_system_checks = []  # the database may have to be started first

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--new-key", action="store_true", help="print a fresh key and do nothing else")
        choice.add_argument("--show", action="store_true", help="show which key sealed how many values, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self.stdout.write(new_key())
            return
        with at_database():
            self._show() if options["show"] else self._rotate()

    def _show(self) -> None:
        newest = known_key_names()[0].hex()
        for use in key_uses():
            state = _("newest") if use.key == newest else _("known") if use.is_known else _("MISSING")
            self.stdout.write(f"{use.purpose}\t{use.key}\t{state}\t{use.values}")

    def _rotate(self) -> None:
        newest = known_key_names()[0].hex()
        waiting = sum(use.values for use in key_uses() if use.key != newest)
        with tqdm(total=waiting, unit=_("values"), disable=None) as bar:
            try:
                done = reseal_all(told=bar.update)
            except SealBroken:
                raise CommandError(
                    _(
                        "A value was sealed with a key that is not among SEKIMORI_ENCRYPTION_KEYS: add that key at the end."
                    )
                ) from None
        self.stdout.write(
            _(
                "%(done)d values were sealed with the newest key (%(key)s). Older keys are needed only for older backups."
            )
            % {"done": done, "key": newest}
        )
