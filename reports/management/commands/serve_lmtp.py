"""An LMTP server to which Postfix, Exim or Dovecot deliver report mails; see docs/mailboxes/lmtp.md."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.ingest.lmtp import TakeMail, serve
from reports.ingest.pipeline import ingest_bytes
from reports.management.results import organisation_named
from reports.models import Organisation
from reports.vocabulary import Channel

SOCKET_UMASK = 0o117
"""The account of this server and its group may connect."""


class Command(BaseCommand):
    """Nobody proves who they are here: who can connect can bring reports. The socket's group, or the network, decides that."""

    help = "Receive report mails over LMTP."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument(
            "--socket", type=Path, metavar="PATH", help="a Unix socket, made for this account and its group"
        )
        where.add_argument("--listen", type=_address, metavar="HOST:PORT", help="a TCP address")
        parser.add_argument("--organisation", metavar="SLUG", help="whose reports these are, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = organisation_named(options["organisation"])
        asyncio.run(self._serve(_taker(organisation), path=options["socket"], address=options["listen"]))

    async def _serve(self, take: TakeMail, *, path: Path | None, address: tuple[str, int] | None) -> None:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        os.umask(SOCKET_UMASK)
        await serve(
            take, path=path, address=address, limit=settings.UPLOAD_LIMIT_BYTES, ready=self._say_ready, stop=stop
        )

    def _say_ready(self) -> None:
        self.stdout.write(_("Ready for mail."))
        self.stdout.flush()


def _taker(organisation: Organisation) -> TakeMail:
    def take(content: bytes) -> object:
        return ingest_bytes(content, organisation=organisation, channel=Channel.LMTP, at=timezone.now())

    return take


def _address(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ArgumentTypeError("HOST:PORT, such as 127.0.0.1:2424 or [::1]:2424")
    return host.strip("[]"), int(port)
