"""Takes over what parsedmarc has collected: its JSON files or its PostgreSQL tables (docs/from-parsedmarc.md)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from reports.errors import Unreadable
from reports.ingest.dry_run import DryRun
from reports.ingest.files import Take
from reports.ingest.importing import importer
from reports.ingest.outcome import Result
from reports.ingest.parsedmarc.bringing import Told, take_reports
from reports.ingest.parsedmarc.files import reports_in
from reports.ingest.parsedmarc.tables import count_reports, reports_of
from reports.management.import_job import Progress, shown_as_job
from reports.management.results import OUTCOMES, as_fields, organisation_named, sentence
from reports.models import Organisation
from reports.sentences.jobs import BYTES, REPORTS
from reports.sentences.reasons import explain
from reports.vocabulary import Channel, Outcome, Reason

GOOD = (Outcome.STORED, Outcome.DUPLICATE)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ArgumentTypeError(_("There is no time zone %(name)s.") % {"name": name}) from None


class Command(BaseCommand):
    help = "Take over the reports that parsedmarc has collected. Running it again changes nothing."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--json", nargs="+", type=Path, metavar="PATH", help="aggregate.json, failure.json, ...")
        source.add_argument("--postgresql", metavar="URL", help="the database that parsedmarc writes; only read")
        parser.add_argument("--timezone", type=_zone, metavar="ZONE", help="of parsedmarc's machine, for old output")
        parser.add_argument("--dry-run", action="store_true", help="read only; keeps nothing")
        parser.add_argument("--jsonl", action="store_true", help="print one JSON object per report and nothing else")
        parser.add_argument("--organisation", metavar="SLUG", help="whose reports these are, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = None if options["dry_run"] else organisation_named(options["organisation"])
        take = _importer(organisation) if organisation else DryRun().take
        ended: Counter[Outcome] = Counter()
        self._broken = False
        with shown_as_job(organisation, unit=BYTES if options["json"] else REPORTS) as shown:
            told = (
                self._files(options["json"], shown) if options["json"] else self._tables(options["postgresql"], shown)
            )
            for each, result in take_reports(told, take=take, zone=options["timezone"]):
                ended[result.outcome] += 1
                self._tell(each, result, jsonl=options["jsonl"])
        if not options["jsonl"]:
            for outcome, count in ended.items():
                self.stdout.write(f"{OUTCOMES[outcome]}: {count}")
        if self._broken and not organisation:
            raise CommandError(_("Not everything could be read."))
        if self._broken:
            raise CommandError(_("Not everything could be read; what could be is stored."))

    def _tell(self, told: Told, result: Result, *, jsonl: bool) -> None:
        if jsonl:
            self.stdout.write(json.dumps({"path": told.place, "number": told.number, **as_fields(result)}))
        elif result.outcome not in GOOD:
            self.stdout.write(sentence(f"{told.place} {told.number}", result))

    def _files(self, paths: Sequence[Path], shown: Progress) -> Iterator[Told]:
        """What a file breaks off at is told on stderr, and the next file goes on."""
        shown.expect(sum(path.stat().st_size for path in paths if path.is_file()))
        for path in paths:
            try:
                with _bar(path.stat().st_size, unit="B") as bar:
                    before = 0
                    for number, report, bytes_read in reports_in(path):
                        yield Told(str(path.absolute()), number, report)
                        shown.add(bytes_read - before)
                        bar.update(bytes_read - before)
                        before = bytes_read
            except OSError as error:
                self._break(path, error.strerror or "")
            except Unreadable as error:
                # Its sentence would speak of a report in a mail.
                is_json = error.code != Reason.NOT_JSON
                said = explain(error.code, dict(error.params)).meaning if is_json else _("It is not JSON to its end.")
                self._break(path, said)

    def _break(self, path: Path, text: str) -> None:
        self._broken = True
        self.stderr.write(f"{path}: {text}")

    def _tables(self, url: str, shown: Progress) -> Iterator[Told]:
        try:
            # A transaction that only reads sees the tables as they stood at its start, however long this takes.
            with psycopg.connect(url, options="-c default_transaction_isolation=repeatable\\ read") as connection:
                connection.read_only = True
                total = count_reports(connection)
                shown.expect(total)
                with _bar(total, unit="") as bar:
                    for table, number, report in reports_of(connection):
                        yield Told(table, number, report)
                        shown.add()
                        bar.update()
        except (psycopg.Error, RecursionError) as error:
            said = str(error).partition("\n")[0]
            raise CommandError(_("parsedmarc's database cannot be read: %(error)s") % {"error": said}) from None


def _importer(organisation: Organisation) -> Take:
    return importer(organisation, clock=timezone.now, channel=Channel.PARSEDMARC)


def _bar(total: int, *, unit: str) -> tqdm[NoReturn]:
    return tqdm(total=total, unit=unit, unit_scale=bool(unit), disable=not sys.stderr.isatty(), leave=False)
