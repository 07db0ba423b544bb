"""Addresses get their names as in earnest: a message in the broker, the worker of the queue "enrich", a name server."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from dmarcsite.celery import app
from dmarcsite.schedule import BEAT_SCHEDULE
from reports.models import AddressIdentity
from tests.mailhost.daemon import Daemon
from tests.mailhost.host import name_server
from tests.mailhost.nameserver import NameServer
from tests.reports.stored import make_organisation, record, report, upload

ROOT = Path(__file__).parents[2]
ENTRY = BEAT_SCHEDULE["look up addresses"]
RECORDS = [
    "1.2.0.192.in-addr.arpa. 300 IN PTR out1.example.net.",
    "out1.example.net. 300 IN A 192.0.2.1",
    "2.2.0.192.in-addr.arpa. 300 IN PTR mail.example.com.",
    "mail.example.com. 300 IN A 203.0.113.1",
]


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server(records=RECORDS) as server:
        yield server


@pytest.fixture
def worker(services: dict[str, str], dns: NameServer, tmp_path: Path) -> Iterator[Daemon]:
    """Not started. Its database, broker and keys are those of this test."""
    server = urlsplit(services["DATABASE_URL"])
    environment = {
        **os.environ,
        "DATABASE_URL": server._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "REDIS_URL": services["REDIS_URL"],
        "SEKIMORI_DNS_SERVERS": f"127.0.0.1:{dns.port}",
    }
    command = [sys.executable, "-m", "celery", "--app", "dmarcsite", "--quiet", "worker", "--loglevel", "WARNING"]
    queue = ["--queues", "enrich", "--pool", "solo", "--without-gossip", "--without-mingle"]
    worker = Daemon([*command, *queue], log=tmp_path / "log", environment=environment, directory=ROOT)
    yield worker
    worker.stop()


def found() -> dict[str, tuple[str, bool]]:
    rows = AddressIdentity.objects.filter(looked_up_at__isnull=False)
    return {row.address: (row.name, row.is_confirmed) for row in rows}


@pytest.mark.django_db(transaction=True)
def test_a_worker_asks_the_name_server_for_every_address_that_reports_name(worker: Daemon) -> None:
    addresses = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    upload(report(*map(record, addresses)), organisation=make_organisation())
    app.send_task(ENTRY["task"], ignore_result=True, **ENTRY["options"])
    worker.start(lambda: len(found()) == len(addresses))
    assert found() == {
        "192.0.2.1": ("out1.example.net", True),
        "192.0.2.2": ("mail.example.com", False),  # a name that does not lead back
        "192.0.2.3": ("", False),
    }
    assert not AddressIdentity.objects.exclude(failures=0).exists()
