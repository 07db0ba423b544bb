"""The gate for outgoing connections: what is never reached, what is reached only when opened, what is connected to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest
from pytest_django import Settings

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest import gate
from reports.vocabulary import MailboxFault

EVERYWHERE = [ip_network("0.0.0.0/0"), ip_network("::/0")]
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.1.1",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "::169.254.169.254",
    ],
)
def test_metadata_and_link_local_are_refused_whatever_is_allowed(settings: Settings, address: str) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = EVERYWHERE
    assert not gate.is_open(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.5",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "fd12::1",
        "::ffff:10.0.0.5",
        "64:ff9b::7f00:1",
        "64:ff9b:1::101:101",
        "fec0::1",
    ],
)
def test_private_addresses_are_refused_unless_allowed(settings: Settings, address: str) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = []
    assert not gate.is_open(ip_address(address))
    settings.OUTGOING_ALLOWED_NETWORKS = EVERYWHERE
    assert gate.is_open(ip_address(address))


def test_allowing_one_network_opens_no_other(settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("10.1.0.0/16")]
    assert gate.is_open(ip_address("10.1.2.3"))
    assert not gate.is_open(ip_address("10.2.0.1"))


def test_public_addresses_are_open(settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = []
    assert gate.is_open(ip_address("1.1.1.1"))
    assert gate.is_open(ip_address("2606:4700:4700::1111"))


def test_a_host_with_refused_addresses_only_is_a_matter_of_settings(settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = []
    with pytest.raises(MailboxMisconfigured) as caught:
        gate.resolve("127.0.0.1", port=993)
    assert caught.value.code == MailboxFault.ADDRESS_REFUSED
    assert dict(caught.value.params) == {"host": "127.0.0.1", "addresses": "127.0.0.1"}


@pytest.mark.parametrize("host", ["no-such-host.invalid", "", "a" * 300, "bad..name"])
def test_a_name_without_address_may_have_one_later(host: str, settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = []
    with pytest.raises(MailboxError) as caught:
        gate.resolve(host, port=993)
    assert caught.value.code in {MailboxFault.NAME_UNKNOWN, MailboxFault.ADDRESS_REFUSED}


def test_an_address_is_judged_again_where_it_is_connected_to(settings: Settings, listener: socket.socket) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = []
    with pytest.raises(MailboxError) as caught:
        gate.connect([ip_address("127.0.0.1")], port=listener.getsockname()[1], timeout=5)
    assert caught.value.code == MailboxFault.UNREACHABLE


def test_the_next_address_is_tried_where_one_does_not_answer(settings: Settings, listener: socket.socket) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = LOOPBACK
    port = listener.getsockname()[1]
    with gate.connect(
        [ip_address("127.0.0.2"), ip_address("::1"), ip_address("127.0.0.1")], port=port, timeout=5
    ) as found:
        assert found.getpeername() == ("127.0.0.1", port)


def test_where_nobody_answers_the_error_names_the_address(settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = LOOPBACK
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(MailboxError) as caught:
        gate.connect([ip_address("127.0.0.1")], port=port, timeout=5)
    assert caught.value.code == MailboxFault.UNREACHABLE
    assert dict(caught.value.params) == {"port": str(port), "error": "127.0.0.1: Connection refused"}
