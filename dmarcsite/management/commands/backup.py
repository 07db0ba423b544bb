"""manage.py backup FILE: the whole database in one file, and which keys have to be kept beside it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from dmarcsite.safekeeping.dump import make_backup
from dmarcsite.safekeeping.errors import CannotKeep
from dmarcsite.safekeeping.server import database_server


class Command(BaseCommand):
    help = "Write the database to a new file. The keys are not in it: keep them somewhere else."
    requires_system_checks = []  # the database may have to be started first

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to make; a file that exists is never written over")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"].absolute()
        try:
            with database_server():
                size = make_backup(file)
        except CannotKeep as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_("%(file)s holds the database (%(size)d bytes).") % {"file": file, "size": size})
        self.stdout.write(
            _(
                "Keep the keys of %(folder)s (or SEKIMORI_ENCRYPTION_KEYS and SEKIMORI_SECRET_KEY) in another place: "
                "the backup does not hold them, and docs/backup.md says what is lost without each."
            )
            % {"folder": settings.SECRETS_DIR}
        )
        if settings.RAW_BUCKET:
            self.stdout.write(
                _("Bytes of mails in the bucket %(bucket)s are not in it: that bucket has to be backed up by itself.")
                % {"bucket": settings.RAW_BUCKET.name}
            )
