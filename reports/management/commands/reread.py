"""Reads messages again with the present reader and replaces what came of them (docs/reread.md)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from reports import jobs
from reports.management.progress import bar
from reports.management.results import organisation_named
from reports.models import Job
from reports.reread.asking import ask, end
from reports.reread.run import run
from reports.reread.selection import Selection
from reports.sentences.rereads import summary
from reports.vocabulary import JobKind, Outcome


class Command(BaseCommand):
    help = "Read stored messages again with the present reader and replace what came of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="all messages")
        parser.add_argument("--message", type=int, metavar="ID", help="one message")
        parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="that came in since this UTC day")
        parser.add_argument("--outcome", choices=[each.value for each in Outcome], help="that ended so")
        parser.add_argument("--reason", metavar="CODE", help="that ended for this reason, such as reader_failed")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument("--resume", action="store_true", help="go on with one that a crash has ended")
        parser.add_argument("--json", action="store_true", help="print the difference as one JSON object")
        parser.add_argument("--organisation", metavar="SLUG", help="whose messages, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        job = _left(options) if options["resume"] else _asked(options)
        with bar(total=job.total, unit=_("messages"), stream=sys.stderr) as progress:

            def watch(now: Job) -> None:
                progress.update(now.done - progress.n)

            try:
                is_mine = run(job.pk, clock=timezone.now, watch=watch)
            except KeyboardInterrupt:
                end(job, at=timezone.now())
                raise CommandError(_("Cancelled. What was read until now stays.")) from None
        if not is_mine:
            raise CommandError(_("Another process is at it already."))
        job.refresh_from_db()
        self.stdout.write(json.dumps(job.result) if options["json"] else "\n".join(summary(job)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"a day such as 2026-01-31, not {text!r}") from None


def _asked(options: dict[str, Any]) -> Job:
    selection = Selection(
        message_id=options["message"],
        since=options["since"].isoformat() if options["since"] else "",
        outcome=options["outcome"] or "",
        reason=options["reason"] or "",
    )
    if not (options["all"] or selection != Selection()):
        raise CommandError(_("Say which messages: --all, --message, --since, --outcome or --reason."))
    organisation = organisation_named(options["organisation"])
    try:
        return ask(selection, organisation=organisation, dry_run=options["dry_run"], at=timezone.now())
    except jobs.JobGoingOn:
        raise CommandError(
            _("Messages are being read again already. If that process has died, go on with --resume.")
        ) from None


def _left(options: dict[str, Any]) -> Job:
    organisation = organisation_named(options["organisation"])
    job = Job.objects.filter(pk__in=jobs.unfinished(JobKind.REREAD), organisation=organisation).first()
    if job is None:
        raise CommandError(_("Nothing was left unfinished."))
    return job
