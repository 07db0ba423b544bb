"""A worker process that visits one mailbox and, where it is told so, is killed by SIGKILL right after a step.

`python -m tests.reports.killed_visit MAILBOX_ID [STEP [HOURS]]`, with the test's database in DATABASE_URL; HOURS is how much
later it comes.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta

import django

django.setup()

from reports.ingest.visit import visit  # noqa: E402  (Django first)
from tests.reports.stored import NOW  # noqa: E402


def kill_after(step: str) -> None:
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    at = NOW + timedelta(hours=int("".join(sys.argv[3:]) or 0))
    sys.exit(not visit(int(sys.argv[1]), clock=lambda: at, checkpoint=kill_after))
