"""Reads report files and folders through the same path as the mailboxes; --jsonl is a public contract (docs/mailboxes.md)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from reports.ingest.dry_run import DryRun
from reports.ingest.files import Take, find, take_files
from reports.ingest.importing import importer
from reports.ingest.outcome import ReportFacts, Result
from reports.models import Organisation
from reports.sentences.reasons import explain
from reports.vocabulary import Outcome

OUTCOMES = {
    Outcome.STORED: pgettext_lazy("outcome of a file", "stored"),
    Outcome.DUPLICATE: pgettext_lazy("outcome of a file", "stored before"),
    Outcome.PARTIAL: pgettext_lazy("outcome of a file", "stored in part"),
    Outcome.REFUSED: pgettext_lazy("outcome of a file", "refused"),
    Outcome.NOT_A_REPORT: pgettext_lazy("outcome of a file", "not a report"),
}


class Command(BaseCommand):
    help = "Read DMARC report files and folders (.xml, .gz, .zip, .eml, mbox) into an organisation."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--dry-run", action="store_true", help="read only; needs no database")
        parser.add_argument("--jsonl", action="store_true", help="print one JSON object per file and nothing else")
        parser.add_argument("--organisation", metavar="SLUG", help="whose reports these are, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        take = DryRun().take if options["dry_run"] else _importer(options["organisation"])
        try:
            for path, result in take_files(find(options["paths"]), take=take):
                self.stdout.write(_line(path, result) if options["jsonl"] else _sentence(path, result))
        except FileNotFoundError as error:
            raise CommandError(_("There is no file or folder %(path)s.") % {"path": error}) from None


def _importer(slug: str | None) -> Take:
    organisations = Organisation.objects.filter(slug=slug) if slug else Organisation.objects.filter(is_demo=False)
    try:
        organisation = organisations.get()
    except Organisation.DoesNotExist:
        raise CommandError(_("There is no such organisation yet.")) from None
    except Organisation.MultipleObjectsReturned:
        slugs = ", ".join(organisations.order_by("slug").values_list("slug", flat=True))
        raise CommandError(
            _("Say whose reports these are: --organisation with one of %(slugs)s.") % {"slugs": slugs}
        ) from None
    return importer(organisation, clock=timezone.now)


def _line(path: Path, result: Result) -> str:
    return json.dumps(
        {
            "path": str(path),
            "outcome": result.outcome,
            "reason": result.reason,
            "reports": [_facts(report) for report in result.reports],
        }
    )


def _facts(report: ReportFacts) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "reporter": report.reporter,
        "report_id": report.report_id,
        "domain": report.domain,
        "begin": report.begin,
        "end": report.end,
        "rows": report.rows,
        "messages": report.messages,
        "rows_dropped": report.rows_dropped,
        "repairs": list(report.repairs),
    }


def _sentence(path: Path, result: Result) -> str:
    count = len(result.reports)
    reports = ngettext("%(count)d report", "%(count)d reports", count) % {"count": count}
    text = f"{path}: {OUTCOMES[result.outcome]}, {reports}."
    if result.reason:
        params = next((problem.params for problem in result.problems if problem.code == result.reason), ())
        text += f" {explain(result.reason, dict(params)).meaning}"
    return text
