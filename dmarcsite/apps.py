"""What every process does once all is loaded: its traces begin, and what was loaded is set aside from the search for garbage."""

from __future__ import annotations

import gc

from django.apps import AppConfig
from django.conf import settings


class DmarcsiteConfig(AppConfig):
    name = "dmarcsite"

    def ready(self) -> None:
        """Start traces, where they are wanted; set aside what is loaded by now, and search for garbage from here on."""
        if settings.OTEL_ENDPOINT:
            from dmarcsite.observing import traces

            traces.start(settings.OTEL_ENDPOINT)
        # It stays until the end; to look through it costs a tenth of a second each time, and as much again at the end.
        gc.freeze()
        gc.enable()  # manage.py loads without
