"""The database server for the time of one command: the one that runs, else the embedded one started for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection

from dmarcsite.safekeeping.errors import CannotKeep
from dmarcsite.services.embedded import embedded_services, sole_user
from dmarcsite.services.errors import CannotStart


@contextmanager
def database_server() -> Iterator[None]:
    """Make sure that the database answers. Raises CannotKeep where it does not, with the reason."""
    if _answers() or not settings.IS_DATABASE_EMBEDDED:
        yield
        return
    try:
        with sole_user(settings.VAR_DIR), embedded_services(settings.PLACES, with_valkey=False):
            try:
                yield
            finally:
                connection.close()
    except CannotStart as error:
        raise CannotKeep(str(error)) from None


def _answers() -> bool:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        if not settings.IS_DATABASE_EMBEDDED:
            reason = str(error).partition("\n")[0]  # the next line asks whether the server runs
            raise CannotKeep(f"The database of DATABASE_URL cannot be reached: {reason}") from None
        return False
    return True
