"""A worker process that visits one mailbox and keeps mails in a bucket: `python -m tests.raw.killed_visit MAILBOX_ID`."""

from __future__ import annotations

import sys

import django

django.setup()

from reports.ingest.visit import visit  # noqa: E402  (Django first)
from tests.reports.mailboxes import clock  # noqa: E402

if __name__ == "__main__":
    sys.exit(not visit(int(sys.argv[1]), clock=clock))
