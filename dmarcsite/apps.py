from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class DmarcsiteConfig(AppConfig):
    name = "dmarcsite"

    def ready(self) -> None:
        """Traces begin with the process, where they are wanted."""
        if settings.OTEL_ENDPOINT:
            from dmarcsite.observing import traces

            traces.start(settings.OTEL_ENDPOINT)
