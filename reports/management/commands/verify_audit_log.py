"""Recomputes the audit log's chain; ends with 1 where an entry does not fit, so that a monitor can call it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from reports.audit.verify import verify


class Command(BaseCommand):
    help = "Check that no entry of the audit log was changed or removed."

    def handle(self, *args: Any, **options: Any) -> None:
        state = verify()
        if state.is_whole:
            words = _("The audit log is whole: %(entries)d entries, the last hash is %(head)s.")
            self.stdout.write(words % {"entries": state.entries, "head": state.head})
            return
        self.stderr.write(
            _("The audit log was changed: entry %(number)d does not fit.") % {"number": state.first_broken}
        )
        sys.exit(1)
