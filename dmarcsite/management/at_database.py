"""The opening of commands about what is kept: they work while nothing else runs, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from dmarcsite.safekeeping.errors import CannotKeep
from dmarcsite.safekeeping.server import database_server
from reports.errors import RawStoreError


@contextmanager
def at_database() -> Iterator[None]:
    """Start the database if it has to be; a database or a bucket that does not answer ends the command in one sentence.

    Raises CommandError. The command needs `requires_system_checks = []`.
    """
    try:
        with database_server():
            yield
    except CannotKeep as error:
        raise CommandError(str(error)) from None
    except RawStoreError as error:
        raise CommandError(
            _("The bucket does not do what it is asked (%(error)s). Run this again.") % {"error": error}
        ) from None
