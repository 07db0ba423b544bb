"""`python -m dmarcsite.services` is what `make up` runs."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")

from dmarcsite.services.up import main

sys.exit(main())
