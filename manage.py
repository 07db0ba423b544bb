#!/usr/bin/env python
from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from dmarcsite.celery import app as celery_app

__all__ = ["celery_app"]

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
    execute_from_command_line(sys.argv)
