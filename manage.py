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
    except KeyboardInterrupt:
        # By Ctrl-C, which needs no traceback. What was committed stays, and each command may be begun again.
        sys.exit("Stopped.")
    except Exception as error:
        # The command never began: during an update a module may be missing. The mail server has to keep the mail.
        if sys.argv[1:2] == ["ingest_mail"]:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.exit(os.EX_TEMPFAIL)
        from dmarcsite.management.ending import sentence_for

        sentence = sentence_for(error)
        if sentence is None or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)
    except SystemExit as end:
        # So does a setting that cannot be used, with words.
        if sys.argv[1:2] == ["ingest_mail"] and isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            sys.exit(os.EX_TEMPFAIL)
        raise
