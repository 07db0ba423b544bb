from __future__ import annotations

import gc

from django.apps import AppConfig
from django.conf import settings


class DmarcsiteConfig(AppConfig):
    name = "dmarcsite"

    def ready(self) -> None:
        """Traces begin with the process, where they are wanted. What is loaded by now is never looked through for garbage."""
        if settings.OTEL_ENDPOINT:
            from dmarcsite.observing import traces

            traces.start(settings.OTEL_ENDPOINT)
        # It stays until the end; to look through it costs a tenth of a second each time, and as much again at the end.
        gc.freeze()
        gc.enable()
