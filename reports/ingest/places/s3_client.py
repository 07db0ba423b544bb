"""boto3 through our gate: every connection goes to an address that was judged, whatever name an endpoint has.

Only reports.ingest.raw.bucket speaks boto3 too. Here keys come from the mailbox alone, never from the machine's own role or environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, SSLError

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest import gate
from reports.ingest.places.place import detail
from reports.ingest.places.web import TEXT_BYTES
from reports.vocabulary import MailboxFault

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_WRONG_KEY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed", "InvalidToken", "401"}
_DENIED = {"AccessDenied", "AllAccessDisabled", "403"}


class _Gated(AWSHTTPConnection):  # type: ignore[misc]  # botocore carries no types
    def _new_conn(self) -> socket:
        return gate.connect(gate.resolve(self.host, port=self.port), port=self.port, timeout=CONNECT_SECONDS)

    def getresponse(self) -> BaseHTTPResponse:
        return _bounded(super().getresponse())


class _GatedTls(AWSHTTPSConnection):  # type: ignore[misc]
    def _new_conn(self) -> socket:
        return gate.connect(gate.resolve(self.host, port=self.port), port=self.port, timeout=CONNECT_SECONDS)

    def getresponse(self) -> BaseHTTPResponse:
        return _bounded(super().getresponse())


def _bounded(response: BaseHTTPResponse) -> BaseHTTPResponse:
    """An answer of which botocore reads everything at once that is no object: only so much of it."""
    pieces = response.stream

    def stream(*args: Any, **options: Any) -> Iterator[bytes]:
        size = 0
        for piece in pieces(*args, **options):
            size += len(piece)
            if size > TEXT_BYTES:
                raise MailboxError(MailboxFault.SERVER_REFUSED, (("error", f"more than {TEXT_BYTES} bytes"),))
            yield piece

    response.stream = stream  # type: ignore[method-assign]
    return response


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Gated


class _TlsPool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _GatedTls


def s3_client(
    *, endpoint_url: str, region: str, access_key: str, secret_key: str, is_path_style: bool, ca_file: str
) -> Any:  # noqa: ANN401 - boto3 carries no types
    """A client for one storage, which trusts the authorities of `ca_file` alone unless that is "".

    Raises MailboxMisconfigured where the endpoint is no address.
    """
    try:
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url or None,
            region_name=region or None,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            verify=ca_file or None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 2},
                ignore_configured_endpoint_urls=True,  # those of SEKIMORI_RAW_STORE are not the mailbox's
                proxies={},  # a proxy of the environment would connect where the gate does not
                s3={"addressing_style": "path" if is_path_style else "auto"},
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise MailboxMisconfigured(MailboxFault.SETTINGS_UNREADABLE, detail(error)) from None
    client._endpoint.http_session._manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return client


@contextmanager
def ca_file(pem: str) -> Iterator[str]:
    """The name of a file with these certificates, as botocore takes them, until the end; "" where there are none."""
    if not pem:
        yield ""
        return
    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        yield file.name


@contextmanager
def speaking() -> Iterator[None]:
    """What can go wrong in a dialogue, as MailboxError."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error) from None
    except SSLError as error:
        raise MailboxMisconfigured(MailboxFault.CERTIFICATE_UNTRUSTED, detail(error)) from None
    except HTTPClientError as error:
        cause = error.kwargs.get("error")
        if isinstance(cause, MailboxError):  # what the gate said
            raise cause from None
        raise MailboxError(MailboxFault.CONNECTION_LOST, detail(error)) from None
    except (BotoCoreError, OSError) as error:
        raise MailboxError(MailboxFault.CONNECTION_LOST, detail(error)) from None


def code_of(error: ClientError) -> str:
    """The storage's own word, or the HTTP status where it has none (an answer to HEAD)."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _refusal(error: ClientError) -> MailboxError:
    code = code_of(error)
    if code == "NoSuchBucket":
        return MailboxMisconfigured(MailboxFault.BUCKET_MISSING, detail(error))
    if code in _WRONG_KEY:
        return MailboxMisconfigured(MailboxFault.KEY_REFUSED, detail(error))
    if code in _DENIED:
        return MailboxMisconfigured(MailboxFault.ACCESS_DENIED, detail(error))
    return MailboxError(MailboxFault.SERVER_REFUSED, detail(error))
