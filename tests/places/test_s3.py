"""What only a bucket has: the gate before every connection, refusals of the storage, tags, and objects written anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from reports.ingest.places.place import Mark, open_place
from reports.ingest.places.place import test_way as try_way
from reports.ingest.places.registry import way_to
from reports.ingest.places.s3 import S3Way
from reports.ingest.places.s3_client import s3_client
from reports.models import Mailbox
from reports.vocabulary import MailboxFault
from tests.mailhost.certificates import Authority
from tests.places.conftest import an_organisation
from tests.places.yards import BucketYard

pytestmark = pytest.mark.django_db


@pytest.fixture
def yard(s3_endpoint: str) -> BucketYard:
    return BucketYard(an_organisation(), endpoint=s3_endpoint)


def last_step(**settings: Any) -> tuple[str, str]:
    defaults = {"bucket": "b", "prefix": "", "region": "eu-central-1", "access_key": "key", "secret_key": "s"}
    step = list(try_way(S3Way(**(defaults | settings))))[-1]
    return step.name, step.code


@pytest.mark.parametrize("endpoint", ["http://169.254.169.254", "https://[fd00:ec2::254]", "http://10.0.0.1:9000"])
def test_an_endpoint_that_the_gate_refuses_is_not_reached(endpoint: str) -> None:
    assert last_step(endpoint_url=endpoint) == ("resolve", MailboxFault.ADDRESS_REFUSED)


def test_the_gate_stands_before_each_connection_and_not_the_first_look_up_alone(
    yard: BucketYard, s3_endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.ingest.places.s3.gate.resolve", lambda *_, **__: [])
    monkeypatch.setattr("reports.ingest.places.s3_client.gate.connect", _refuse)
    assert (
        last_step(bucket=yard.bucket, endpoint_url=s3_endpoint, is_path_style=True)[1] == MailboxFault.CONNECTION_LOST
    )


def _refuse(*_: object, **__: object) -> None:
    raise OSError("not through here")


class _Endless(BaseHTTPRequestHandler):
    """Answers each request with spaces until the other side has enough."""

    def do_GET(self) -> None:
        """Named by http.server."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b" " * 65_536)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_listing_without_an_end_is_given_up_and_does_not_fill_the_memory(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.ingest.places.s3_client.TEXT_BYTES", 1 << 20)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        step = last_step(endpoint_url=endpoint, is_path_style=True)
        server.shutdown()
    assert step == ("bucket", MailboxFault.SERVER_REFUSED)


def test_what_the_environment_says_of_the_operators_own_bucket_is_not_for_mailboxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "operator")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://192.0.2.1:9000")
    client = s3_client(
        endpoint_url="", region="eu-central-1", access_key="key", secret_key="s", is_path_style=False, ca_file=""
    )
    used = client._request_signer._credentials
    assert (client.meta.endpoint_url, used.access_key, used.token) == (
        "https://s3.eu-central-1.amazonaws.com", "key", None,
    )  # fmt: skip


def test_a_bucket_that_is_not_there_is_said_so(s3_endpoint: str) -> None:
    step = last_step(bucket="no-such-bucket", endpoint_url=s3_endpoint, is_path_style=True)
    assert step == ("bucket", MailboxFault.BUCKET_MISSING)


def test_the_tags_of_others_stay(yard: BucketYard) -> None:
    yard.put(b"x")
    tags = {"TagSet": [{"Key": "team", "Value": "mail"}]}
    yard.client.put_object_tagging(Bucket=yard.bucket, Key="inbound/001", Tagging=tags)
    with open_place(way_to(yard.mailbox)) as place:
        (keys,) = place.windows()
        place.acknowledge(keys, Mark.REFUSED, action=Mailbox.Action.FLAG, target="")
    assert yard.left() == {"": [(b"x", "team=mail sekimori=refused")]}


def test_an_object_written_anew_since_it_was_listed_is_neither_read_nor_moved_nor_tagged(yard: BucketYard) -> None:
    yard.put(b"old")
    with open_place(way_to(yard.mailbox)) as place:
        (keys,) = place.windows()
        yard.client.put_object(Bucket=yard.bucket, Key="inbound/001", Body=b"new")
        assert place.fetch(keys).mails == {}
        for action in (Mailbox.Action.FLAG, Mailbox.Action.MOVE):
            place.acknowledge(keys, Mark.HANDLED, action=action, target="Handled")
    assert yard.left() == {"": [(b"new", "")]}


def test_an_object_of_that_name_in_the_target_is_not_replaced(yard: BucketYard) -> None:
    yard.client.put_object(Bucket=yard.bucket, Key="Handled/001", Body=b"older")
    yard.put(b"newer")
    with open_place(way_to(yard.mailbox)) as place:
        (keys,) = place.windows()
        place.acknowledge(keys, Mark.HANDLED, action=Mailbox.Action.MOVE, target="Handled")
    assert yard.left() == {"": [], "Handled": [(b"newer", ""), (b"older", "")]}


@pytest.fixture
def tls_endpoint(s3_endpoint: str, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The same storage behind TLS: its address, and the certificate of the authority that vouches for it."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("storage.example")
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, ssl_context=(certificate, key)
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", authority.ca_file.read_text()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_of_ones_own_authority_is_trusted_and_then_no_other(
    yard: BucketYard, tls_endpoint: tuple[str, str], tmp_path: Path
) -> None:
    endpoint, certificate = tls_endpoint
    way = {"bucket": yard.bucket, "endpoint_url": endpoint, "is_path_style": True}
    assert last_step(**way) == ("bucket", MailboxFault.CERTIFICATE_UNTRUSTED)
    assert last_step(**way, ca_certificate=certificate) == ("count", "")
    other = tmp_path / "other"
    other.mkdir()
    strangers = Authority(other).ca_file.read_text()
    assert last_step(**way, ca_certificate=strangers) == ("bucket", MailboxFault.CERTIFICATE_UNTRUSTED)
