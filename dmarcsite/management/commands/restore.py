"""manage.py restore FILE: a backup into an empty database, brought up to this version, and checked against the keys."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from dmarcsite.safekeeping.dump import restore_backup
from dmarcsite.safekeeping.errors import CannotKeep
from dmarcsite.safekeeping.sealed import key_uses
from dmarcsite.safekeeping.server import database_server


class Command(BaseCommand):
    help = "Bring a backup into an empty database. Stop the application first."
    requires_system_checks = []  # the database may have to be started first

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` made")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with database_server():
                restore_backup(options["file"])
                call_command("migrate", interactive=False, verbosity=0)
                lost = [use for use in key_uses() if not use.is_known]
        except CannotKeep as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_("The database is restored."))
        for use in lost:
            self.stderr.write(
                _("%(values)d values (%(purpose)s) need the key %(key)s, which is not among SEKIMORI_ENCRYPTION_KEYS.")
                % {"values": use.values, "purpose": use.purpose, "key": use.key}
            )
        if lost:
            raise CommandError(_("Put the missing keys back, or read in docs/backup.md what is lost without them."))
