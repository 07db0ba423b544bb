"""Mailboxes that sign in by OAuth 2.0: a real device flow against a provider of our own, a real Dovecot that asks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places import oauth, providers
from reports.ingest.places.place import open_place
from reports.ingest.places.registry import way_to
from reports.ingest.places.sign_in import access_token, begin_device, begin_in_browser, finish_in_browser, follow_device
from reports.ingest.visit import visit
from reports.models import AggregateReport, Mailbox, Organisation, SignIn
from reports.vocabulary import MailboxFault
from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import short_directory
from tests.mailhost.oauth_provider import CLIENT, OAuthProvider
from tests.mailhost.programs import program, require_root
from tests.reports.samples import XML, report_mail
from tests.reports.stored import NOW, make_organisation

MAIL = report_mail((XML, "a.xml")).as_bytes()
MICROSOFT = providers.MICROSOFT


@pytest.fixture(scope="module")
def provider() -> Iterator[OAuthProvider]:
    with OAuthProvider().running() as running:
        yield running


@pytest.fixture
def person(db: None) -> Any:
    return get_user_model().objects.create_user(email="anna@example.com")


@pytest.fixture(autouse=True)
def _ours(provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Both providers are the one of this test, and this machine may be connected to."""
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    provider.reset()
    for name, known in list(providers.PROVIDERS.items()):
        device = f"{provider.url}/device" if known.device_url else ""
        ours = replace(known, device_url=device, token_url=f"{provider.url}/token")
        monkeypatch.setitem(providers.PROVIDERS, name, ours)


@pytest.fixture(scope="module", params=["xoauth2", "oauthbearer"])
def server(provider: OAuthProvider, request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """Dovecot with one of the two mechanisms, which asks our provider about each token."""
    require_root()
    program("dovecot")
    with short_directory() as directory:
        settings = directory / "oauth2.conf"
        settings.write_text(
            f"introspection_url = {provider.url}/introspect\nintrospection_mode = post\nusername_attribute = username\n"
            "active_attribute = active\nactive_value = true\n"
        )
        more = f"passdb {{\n driver = oauth2\n mechanisms = {request.param}\n args = {settings}\n}}\n"
        dovecot = Dovecot(directory, mechanisms=request.param, more=more)
        try:
            dovecot.start()
            yield dovecot
        finally:
            dovecot.stop()


def make_mailbox(
    organisation: Organisation, dovecot: Dovecot | None = None, *, user: str = "", **settings: object
) -> Mailbox:
    reach = {"host": "localhost", "port": dovecot.imaps_port if dovecot else 993, "tls": "implicit"}
    said = reach | {"username": user, "sign_in": MICROSOFT, "client_id": CLIENT, "tenant": "example.com", **settings}
    if dovecot:
        said["ca_certificate"] = dovecot.ca_file.read_text()
    return Mailbox.objects.create(organisation=organisation, name=uuid4().hex, secret=b"", settings=said)


def sign_in(mailbox: Mailbox, provider: OAuthProvider, *, user: str, user_id: int, at: datetime = NOW) -> None:
    begin_device(mailbox, at=at)
    provider.allowed = user
    assert follow_device(mailbox, user_id=user_id, at=at + timedelta(seconds=5))


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_a_sign_in_nothing_is_sent_anywhere(provider: OAuthProvider) -> None:
    mailbox = make_mailbox(make_organisation())
    with pytest.raises(MailboxMisconfigured) as raised:
        access_token(mailbox, clock=lambda: NOW)
    assert (raised.value.code, provider.asked) == (MailboxFault.SIGN_IN_MISSING, [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("refusal", "fault"),
    [
        ("access_denied", MailboxFault.SIGN_IN_DENIED),
        ("authorization_declined", MailboxFault.SIGN_IN_DENIED),
        ("expired_token", MailboxFault.SIGN_IN_EXPIRED),
        ("invalid_scope", MailboxFault.SCOPE_REFUSED),
        ("server_mood", MailboxFault.SIGN_IN_REFUSED),
    ],
)
def test_what_the_provider_refuses_for_good_ends_the_sign_in(
    refusal: str, fault: str, provider: OAuthProvider, person: Any
) -> None:
    mailbox = make_mailbox(make_organisation())
    begin_device(mailbox, at=NOW)
    provider.refusal = refusal
    assert not follow_device(mailbox, user_id=person.pk, at=NOW + timedelta(seconds=5))
    row = SignIn.objects.get()
    assert (row.fault, row.fault_detail, row.user_code, bytes(row.pending)) == (fault, f"{refusal} it is", "", b"")


@pytest.mark.django_db
def test_an_unknown_client_is_told_at_once(provider: OAuthProvider) -> None:
    mailbox = make_mailbox(make_organisation(), client_id="other")
    with pytest.raises(MailboxMisconfigured) as raised:
        begin_device(mailbox, at=NOW)
    assert raised.value.code == MailboxFault.CLIENT_REFUSED
    assert not SignIn.objects.exists()


@pytest.mark.django_db
def test_the_provider_lies_behind_the_gate(settings: Any, provider: OAuthProvider) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = ()
    with pytest.raises(MailboxMisconfigured) as raised:
        begin_device(make_mailbox(make_organisation()), at=NOW)
    assert (raised.value.code, provider.asked) == (MailboxFault.ADDRESS_REFUSED, [])


# --- The flow ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_provider_is_asked_no_sooner_than_it_wants(provider: OAuthProvider, person: Any) -> None:
    mailbox = make_mailbox(make_organisation())
    row = begin_device(mailbox, at=NOW)
    assert (row.user_code, row.url) == ("ABCD-EFGH", "https://example.com/link")
    for second in (1, 4, 5, 6, 9, 10):
        assert not follow_device(mailbox, user_id=person.pk, at=NOW + timedelta(seconds=second))
    assert [path for path, _ in provider.asked] == ["/device", "/token", "/token"]
    assert provider.asked[0][1] == {
        "client_id": CLIENT, "scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    }  # fmt: skip
    assert not follow_device(mailbox, user_id=person.pk, at=NOW + timedelta(seconds=900))
    assert SignIn.objects.get().fault == MailboxFault.SIGN_IN_EXPIRED


@pytest.mark.django_db
def test_a_passing_trouble_of_the_provider_ends_nothing(provider: OAuthProvider, person: Any) -> None:
    mailbox = make_mailbox(make_organisation())
    begin_device(mailbox, at=NOW)
    provider.is_broken = True
    assert not follow_device(mailbox, user_id=person.pk, at=NOW + timedelta(seconds=5))
    provider.is_broken, provider.allowed = False, "anna"
    assert follow_device(mailbox, user_id=person.pk, at=NOW + timedelta(seconds=10))


@pytest.mark.django_db
def test_tokens_are_sealed_renewed_in_time_and_replaced(provider: OAuthProvider, person: Any) -> None:
    mailbox = make_mailbox(make_organisation())
    sign_in(mailbox, provider, user="anna", user_id=person.pk)
    row = SignIn.objects.get()
    assert (row.signed_in_at, row.signed_in_by) == (NOW + timedelta(seconds=5), person)
    first = access_token(mailbox, clock=lambda: NOW + timedelta(minutes=57))
    assert b"access" not in bytes(row.access) and b"refresh" not in bytes(row.refresh)
    asked = len(provider.asked)
    second = access_token(mailbox, clock=lambda: NOW + timedelta(minutes=59))
    assert first != second
    assert access_token(mailbox, clock=lambda: NOW + timedelta(minutes=60)) == second
    assert len(provider.asked) == asked + 1
    provider.withdraw()
    with pytest.raises(MailboxMisconfigured) as raised:
        access_token(mailbox, clock=lambda: NOW + timedelta(hours=3))
    assert raised.value.code == MailboxFault.SIGN_IN_ENDED
    provider.is_broken = True
    with pytest.raises(MailboxError) as passing:
        access_token(mailbox, clock=lambda: NOW + timedelta(hours=3))
    assert (type(passing.value), passing.value.code) == (MailboxError, MailboxFault.PROVIDER_BUSY)


@pytest.mark.django_db
def test_a_browser_comes_back_with_its_own_state_or_with_nothing(provider: OAuthProvider, person: Any) -> None:
    mailbox = make_mailbox(make_organisation(), sign_in=providers.GOOGLE)
    url = begin_in_browser(mailbox, redirect_uri="https://dmarc.example.com/back/", at=NOW)
    query = dict(pair.split("=", 1) for pair in url.partition("?")[2].split("&"))
    assert (query["code_challenge_method"], query["scope"]) == ("S256", "https%3A%2F%2Fmail.google.com%2F")
    soon = NOW + timedelta(minutes=1)
    assert not finish_in_browser(mailbox, state="1.other", code="anna", user_id=person.pk, at=soon)
    late = NOW + timedelta(minutes=15)
    assert not finish_in_browser(mailbox, state=query["state"], code="anna", user_id=person.pk, at=late)
    assert provider.asked == []
    assert finish_in_browser(mailbox, state=query["state"], code="anna", user_id=person.pk, at=soon)
    assert provider.asked[0][1]["redirect_uri"] == "https://dmarc.example.com/back/"
    assert not finish_in_browser(mailbox, state=query["state"], code="anna", user_id=person.pk, at=soon)


# --- Dovecot ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_visit_logs_in_with_the_token(server: Dovecot, provider: OAuthProvider, person: Any) -> None:
    user = f"user-{uuid4().hex[:8]}"
    server.add_user(user, password="unused")
    server.append(user, MAIL)
    mailbox = make_mailbox(make_organisation(), server, user=user)
    sign_in(mailbox, provider, user=user, user_id=person.pk)
    assert visit(mailbox.pk, clock=lambda: NOW)
    mailbox.refresh_from_db()
    assert (mailbox.error_code, mailbox.error_detail, AggregateReport.objects.count()) == ("", "", 1)


@pytest.mark.django_db(transaction=True)
def test_a_token_that_the_server_refuses_is_told_and_forgotten(
    server: Dovecot, provider: OAuthProvider, person: Any
) -> None:
    mailbox = make_mailbox(make_organisation(), server, user="nobody-here")
    sign_in(mailbox, provider, user="somebody-else", user_id=person.pk, at=timezone.now())
    provider.withdraw()
    with pytest.raises(MailboxMisconfigured) as raised, open_place(way_to(Mailbox.objects.get())):
        raise AssertionError("logged in")
    assert raised.value.code == MailboxFault.TOKEN_REFUSED
    assert "access-" not in str(raised.value)
    assert bytes(SignIn.objects.get().access) == b""


def test_what_a_provider_calls_an_address_becomes_no_link_unless_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"device_code": "d", "user_code": "u", "verification_uri": "javascript:alert(1)"}
    monkeypatch.setattr(oauth, "_post", lambda *_: answer)
    with pytest.raises(MailboxError) as refused:
        oauth.ask_for_device(oauth.App(MICROSOFT, "imap", CLIENT))
    assert refused.value.code == MailboxFault.PROVIDER_BUSY
