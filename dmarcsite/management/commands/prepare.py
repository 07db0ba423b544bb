"""`manage.py prepare`: brings database and files up to this version; run before every start, changes nothing twice."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dmarcsite.people.first_administrator import make_first_administrator
from dmarcsite.services.catalogues import compile_catalogues


class Command(BaseCommand):
    help = "Translations, static files, migrations, the first administrator, and the demo organisation on the first start."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-files", action="store_true", help="the files were made before, as in a container image")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_files"]:
            compile_catalogues(settings.BASE_DIR)
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        self._first_administrator()
        if settings.DEMO and "demo" in get_commands():
            call_command("demo", load=True)

    def _first_administrator(self) -> None:
        try:
            made = make_first_administrator(email=settings.ADMIN_EMAIL, password=settings.ADMIN_PASSWORD)
        except ValidationError as error:
            raise CommandError(f"SEKIMORI_ADMIN_EMAIL: {' '.join(error.messages)}") from None
        if made and made.generated_password:
            self.stdout.write(f"first administrator: {made.email}, password: {made.generated_password} (shown only once)")
        elif made:
            self.stdout.write(f"first administrator: {made.email}, with the password of SEKIMORI_ADMIN_PASSWORD")
