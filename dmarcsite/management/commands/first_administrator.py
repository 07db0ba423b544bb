"""manage.py first_administrator: makes the first organisation and administrator; does nothing where they exist."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from dmarcsite.people.first_administrator import make_first_administrator


class Command(BaseCommand):
    help = "Make the first administrator from SEKIMORI_ADMIN_EMAIL and SEKIMORI_ADMIN_PASSWORD, once."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = make_first_administrator(email=settings.ADMIN_EMAIL, password=settings.ADMIN_PASSWORD)
        except ValidationError:
            raise CommandError(
                f"SEKIMORI_ADMIN_EMAIL is {settings.ADMIN_EMAIL!r}: it must be an e-mail address such as admin@example.com."
            ) from None
        if made is None:
            return
        self.stdout.write(f"administrator: {made.email}")
        if made.generated_password:
            self.stdout.write(f"password (shown this once): {made.generated_password}")
