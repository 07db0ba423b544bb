"""`python -m dmarcsite.services` is what `make up` runs."""

from __future__ import annotations

import os
import sys

from environs import EnvError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")

from dmarcsite.services.up import main

try:
    sys.exit(main())
except EnvError as error:
    sys.exit(f"sekimori: {error}")
