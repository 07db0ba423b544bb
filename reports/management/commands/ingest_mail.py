"""One mail from standard input into the ledger: for the pipe of Postfix, Exim, procmail or maildrop."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.errors import RawStoreError
from reports.ingest.pipeline import ingest_bytes
from reports.management.results import organisation_named, sentence
from reports.vocabulary import Channel

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Exit codes are those of sysexits.h, which mail servers know: 0 kept, 75 try again, 65 too large, 64 called wrongly."""

    help = "Take in one mail from standard input. Exits with 75 where the mail server is to try again."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", metavar="SLUG", help="whose reports these are, where there are several")

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """Whatever goes wrong here is no reason for a mail server to send the mail back."""
        try:
            super().run_from_argv(list(argv))
        except SystemExit as end:  # argparse's 2 means nothing to a mail server
            sys.exit(os.EX_USAGE if end.code == 2 else end.code)  # noqa: PLR2004
        except Exception as error:  # the database is away, or a fault of ours: the mail waits until that is mended
            if not isinstance(error, OperationalError | RawStoreError):  # these say all in one line
                log.exception("a mail could not be taken in")
            self.stderr.write(_("Not taken in, try again later: %(error)s") % {"error": error})
            sys.exit(os.EX_TEMPFAIL)

    def handle(self, *args: Any, **options: Any) -> None:
        limit = settings.UPLOAD_LIMIT_BYTES
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            raise CommandError(
                _("The mail is larger than %(limit)d bytes.") % {"limit": limit}, returncode=os.EX_DATAERR
            )
        try:
            organisation = organisation_named(options["organisation"])
        except CommandError as error:  # a mistake in the mail server's settings must not cost mail
            raise CommandError(str(error), returncode=os.EX_TEMPFAIL) from None
        result = ingest_bytes(data, organisation=organisation, channel=Channel.PIPE, at=timezone.now())
        if options["verbosity"] > 1:
            self.stdout.write(sentence(_("mail"), result))
