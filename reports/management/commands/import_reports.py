"""Reads report files and folders through the same path as the mailboxes; --jsonl is a public contract (docs/mailboxes/README.md)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.ingest.dry_run import DryRun
from reports.ingest.files import FileMail, find, take_files
from reports.ingest.importing import importer
from reports.ingest.outcome import Result
from reports.management.import_job import shown_as_job
from reports.management.progress import bar
from reports.management.results import as_fields, organisation_named, sentence
from reports.sentences.jobs import BYTES


class Command(BaseCommand):
    help = "Read DMARC report files and folders (.xml, .gz, .zip, .eml, mbox) into an organisation."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--dry-run", action="store_true", help="read only; needs no database")
        parser.add_argument("--jsonl", action="store_true", help="print one JSON object per file and nothing else")
        parser.add_argument("--organisation", metavar="SLUG", help="whose reports these are, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = None if options["dry_run"] else organisation_named(options["organisation"])
        try:
            files = list(find(options["paths"]))
        except FileNotFoundError as error:
            raise CommandError(_("There is no file or folder %(path)s.") % {"path": error}) from None
        if not files:  # said beside standard output, which --jsonl keeps for files
            self.stderr.write(_("No file is there to be read."))
        take = importer(organisation, clock=timezone.now) if organisation else DryRun().take
        with (
            shown_as_job(organisation, unit=BYTES) as shown,
            bar(total=len(files), unit=_("files"), stream=sys.stderr) as progress,
        ):
            shown.expect(sum(path.stat().st_size for path in files))

            def taking(mails: Sequence[FileMail]) -> list[Result]:
                ended = take(mails)
                shown.add(sum(len(mail.data) for mail in mails))
                return ended

            say = self.stdout.write if progress.disable else progress.write  # which keeps the bar below the lines
            for path, result in take_files(files, take=taking, named=options["jsonl"]):
                say(_line(path, result) if options["jsonl"] else sentence(path, result))
                progress.update()


def _line(path: Path, result: Result) -> str:
    return json.dumps({"path": str(path), **as_fields(result)})
