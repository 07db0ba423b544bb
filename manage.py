#!/usr/bin/env python
from __future__ import annotations

import gc
import os
import sys

gc.disable()  # while the program loads, for next to nothing of it is garbage; dmarcsite.apps has it on again

from django.core.management import execute_from_command_line  # noqa: E402

from dmarcsite.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
    try:
        execute_from_command_line(sys.argv)
    except SystemExit as end:
        # A setting that cannot be used ends with words, and so before the command begins: the mail server has to keep the mail.
        if sys.argv[1:2] == ["ingest_mail"] and isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            sys.exit(os.EX_TEMPFAIL)
        raise
