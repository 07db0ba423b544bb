from __future__ import annotations

from django.apps import AppConfig


class DmarcsiteConfig(AppConfig):
    name = "dmarcsite"
