"""One yard of each kind; servers are started once, and only when a test asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from reports.ingest.places.providers import PROVIDERS
from reports.models import Organisation
from tests.places.vendor_apis import VendorApis
from tests.places.vendor_yards import GmailYard, GraphYard
from tests.places.yards import BucketYard, FolderYard, ImapYard, MaildirYard, MboxYard, Yard
from tests.reports.stored import make_organisation

MakeYard = Callable[[], Yard]


@pytest.fixture(scope="session")
def running_vendor_apis() -> Iterator[VendorApis]:
    """Both services at one address."""
    with VendorApis().running() as apis:
        yield apis


@pytest.fixture
def vendor_apis(running_vendor_apis: VendorApis, monkeypatch: pytest.MonkeyPatch) -> VendorApis:
    """The same, in the place of the real ones."""
    for name, path in (("microsoft365", "graph"), ("google", "gmail")):
        ours = replace(PROVIDERS[name], api_url=f"{running_vendor_apis.url}/{path}")
        monkeypatch.setitem(PROVIDERS, name, ours)
    return running_vendor_apis


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    """The directory below which local places may lie."""
    directory = tmp_path / "root"
    directory.mkdir()
    settings.LOCAL_PLACES_ROOT = str(directory)
    return directory


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Settings) -> None:
    """The servers of these tests are there."""
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


def an_organisation() -> Organisation:
    return make_organisation(f"o-{uuid4().hex[:12]}")


@pytest.fixture(params=["imap", "maildir", "mbox", "folder", "s3", "graph", "gmail"])
def make_yard(request: pytest.FixtureRequest) -> MakeYard:
    """Makes fresh yards of one kind, each in an organisation of its own."""
    ask = request.getfixturevalue
    match request.param:
        case "imap":
            return lambda: ImapYard(an_organisation(), dovecot=ask("dovecot"))
        case "maildir":
            return lambda: MaildirYard(an_organisation(), root=ask("root"))
        case "mbox":
            return lambda: MboxYard(an_organisation(), root=ask("root"))
        case "folder":
            return lambda: FolderYard(an_organisation(), root=ask("root"))
        case "graph":
            return lambda: GraphYard(an_organisation(), apis=ask("vendor_apis"))
        case "gmail":
            return lambda: GmailYard(an_organisation(), apis=ask("vendor_apis"))
        case _:
            return lambda: BucketYard(an_organisation(), endpoint=ask("s3_endpoint"))


@pytest.fixture
def yard(make_yard: MakeYard) -> Yard:
    """A fresh yard of each kind."""
    return make_yard()
