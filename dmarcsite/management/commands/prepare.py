"""`manage.py prepare`: brings database and files up to this version; run before every start, changes nothing twice."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from dmarcsite.demo.loader import REMOVED
from dmarcsite.services.catalogues import compile_catalogues
from reports.models import AuditEntry


class Command(BaseCommand):
    """Translations, static files, migrations, the first administrator, and the demo organisation until it is removed."""

    help = "Bring the database and the files up to this version. Run before every start; changes nothing twice."

    def handle(self, *args: Any, **options: Any) -> None:
        compile_catalogues(settings.BASE_DIR)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("first_administrator")
        # Whoever removed it does not want it back with the next start.
        if settings.DEMO and not AuditEntry.objects.filter(action=REMOVED).exists():
            call_command("demo", "--load")
