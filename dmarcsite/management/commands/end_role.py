"""manage.py end_role: takes a role away without asking anybody, for when the administrators cannot do it any more."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dmarcsite.people import grants
from dmarcsite.people.errors import PeopleError
from dmarcsite.people.sentences import sentence


class Command(BaseCommand):
    help = "Take the role of a person in an organisation away; it is written to the audit log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--organisation", default="organisation", help="the organisation's short name")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            grants.membership_end_by_system(
                options["email"], organisation_slug=options["organisation"], reason=options["reason"], at=timezone.now()
            )
        except PeopleError as error:
            raise CommandError(sentence(error.code)) from None
