"""A worker process that visits one mailbox and, where it is told so, is killed by SIGKILL right after a step.

`python -m tests.reports.killed_visit MAILBOX_ID [STEP]`, with the test's database in DATABASE_URL.
"""

from __future__ import annotations

import os
import signal
import sys

import django

django.setup()

from reports.ingest.visit import visit  # noqa: E402  (Django first)
from tests.reports.mailboxes import clock  # noqa: E402


def kill_after(step: str) -> None:
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(not visit(int(sys.argv[1]), clock=clock, checkpoint=kill_after))
