"""A process that carries a re-read on, two messages at a time, and is killed by SIGKILL right after the nth step.

`python -m tests.reports.killed_reread JOB_ID [N]`, with the test's database in DATABASE_URL.
"""

from __future__ import annotations

import os
import signal
import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402  (Django first)

from reports.reread import run as module  # noqa: E402

left = int(sys.argv[2])


def count(step: str) -> None:
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    module.TOGETHER = 2
    sys.exit(not module.run(int(sys.argv[1]), clock=timezone.now, checkpoint=count))
