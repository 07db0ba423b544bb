"""With a read replica, report pages show its figures and how old they are; who may see what is always the primary's."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from dmarcsite.services import postgres
from dmarcsite.services.account import private_folder, services_account
from dmarcsite.services.data_folder import postgres_program
from dmarcsite.services.places import Places
from dmarcsite.services.tether import Child
from tests.mailhost.daemon import wait_until
from tests.reports.stored import record, report
from tests.website.house import upload
from tests.website.site import Site, running_site
from tests.website.visitor import Visitor, administrator, invited

STAMP = "Figures from the read replica"


@dataclass
class Replica:
    """A streaming replica of the test run's server; `server` may be stopped by the test."""

    places: Places
    server: Child

    @property
    def url(self) -> str:
        return self.places.database_url

    def pause(self) -> None:
        """Replay nothing from now on, as a busy replica does."""
        self._tell("SELECT pg_wal_replay_pause()")

    def go_on(self) -> None:
        self._tell("SELECT pg_wal_replay_resume()")

    def _tell(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def replica_of(primary: str) -> Iterator[Replica]:
    """Copy the server of this URL and let the copy follow it."""
    account = services_account()
    var = Path(tempfile.mkdtemp(prefix="sekimori-replica-", dir="/tmp"))
    var.chmod(0o711)
    places = Places(var)
    lock = os.open(var / "lock", os.O_CREAT | os.O_RDWR)
    try:
        private_folder(places.sockets, account=account)
        private_folder(places.postgres, account=account)
        named = urlsplit(primary)
        where = ["-h", unquote(named.hostname or ""), "-U", named.username or ""]
        command = [postgres_program("pg_basebackup"), "-D", places.postgres, *where, "-R", "-X", "stream", "-c", "fast"]
        copy = Child("pg_basebackup", command, account=account, cwd=places.postgres)
        assert copy.wait() == 0
        server = postgres.start(places, account=account, lock=lock)
        try:
            yield Replica(places, server)
        finally:
            server.stop()
    finally:
        os.close(lock)
        shutil.rmtree(var)


@pytest.fixture
def replica(services: Mapping[str, str]) -> Iterator[Replica]:
    if not urlsplit(services["DATABASE_URL"]).hostname.startswith("%2F"):
        pytest.fail("this test copies the embedded server: unset DATABASE_URL")
    with replica_of(services["DATABASE_URL"]) as replica:
        yield replica


@pytest.fixture
def site(services: Mapping[str, str], replica: Replica) -> Iterator[Site]:
    with running_site(services, name="replicated", number=5, replica=replica.url) as site:
        yield site


def sees(visitor: Visitor, address: str) -> bool:
    return address in visitor.get("/sources/?lens=elsewhere").text


def a_report(number: int) -> list[tuple[str, bytes]]:
    end = int(time.time()) - 3600
    content = report(record(f"192.0.2.{number}"), report_id=f"r-{number}", begin=end - 86_400, end=end)
    return [(f"{number}.xml", content)]


def test_pages_read_the_replica_say_its_age_and_go_back_to_the_primary(site: Site, replica: Replica) -> None:
    boss = administrator(site)
    viewer = invited(site, boss, email="viewer@example.com", name="Viewer", role="viewer")
    viewer.http.cookies.delete("sekimori_wrote")
    upload(boss, a_report(1))
    wait_until(lambda: sees(viewer, "192.0.2.1"), seconds=20, what="the replica has the first report")
    assert STAMP in viewer.get("/sources/").text

    # While the replica stands still, the one who uploads sees the new source, others what the replica has.
    replica.pause()
    upload(boss, a_report(2))
    assert sees(boss, "192.0.2.2")
    assert STAMP not in boss.get("/sources/").text
    assert not sees(viewer, "192.0.2.2")
    assert sees(viewer, "192.0.2.1")
    # What people change, and the log of it, come from the primary.
    assert STAMP not in boss.get("/audit/").text

    # Whose role has ended sees nothing, whatever the replica says.
    member = site.rows("SELECT m.id FROM reports_membership m JOIN dmarcsite_user u ON u.id = m.user_id "
                       "WHERE u.email = 'viewer@example.com'")[0][0]  # fmt: skip
    assert boss.post(f"/people/members/{member}/end/").status_code == 302
    assert viewer.get("/sources/").status_code == 403

    # A replica that is gone is no failure.
    replica.go_on()
    replica.server.stop()
    boss.http.cookies.delete("sekimori_wrote")
    page = boss.get("/sources/?lens=elsewhere")
    assert page.status_code == 200
    assert "192.0.2.2" in page.text
    assert STAMP not in page.text
