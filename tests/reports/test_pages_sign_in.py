"""The page on which somebody signs in for a mailbox, with and without JavaScript, and the way back from a provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from reports.ingest.places import providers
from reports.models import AuditEntry, Mailbox, SignIn
from reports.vocabulary import Role
from tests.mailhost.oauth_provider import CLIENT, OAuthProvider
from tests.reports.pages import logged_in
from tests.reports.stored import make_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running() -> Iterator[OAuthProvider]:
    with OAuthProvider().running() as provider:
        yield provider


@pytest.fixture
def provider(running: OAuthProvider, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OAuthProvider:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    running.reset()
    for name, known in list(providers.PROVIDERS.items()):
        device = f"{running.url}/device" if known.device_url else ""
        monkeypatch.setitem(
            providers.PROVIDERS, name, replace(known, device_url=device, token_url=f"{running.url}/token")
        )
    return running


def scene(**settings: Any) -> tuple[Client, Mailbox]:
    organisation = make_organisation(uuid4().hex[:8])
    said = {"username": "anna@example.com", "folder": "INBOX", "client_id": CLIENT, "sign_in": "microsoft365"}
    mailbox = Mailbox.objects.create(
        organisation=organisation, name="Reports", secret=b"", settings=said | settings, is_enabled=True
    )
    return logged_in(organisation, Role.ADMINISTRATOR), mailbox


def page_of(mailbox: Mailbox) -> str:
    return reverse("reports:mailbox-sign-in", args=[mailbox.pk])


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_mailbox_with_a_password_has_nothing_to_sign_in_to(provider: OAuthProvider) -> None:
    client, mailbox = scene(sign_in="login")
    assert "does not sign in at a provider" in client.post(page_of(mailbox), {"begin": "1"}).content.decode()
    assert (provider.asked, SignIn.objects.count()) == ([], 0)


def test_a_refusal_of_the_provider_is_shown_and_nothing_begins(provider: OAuthProvider) -> None:
    client, mailbox = scene(client_id="unknown")
    shown = client.post(page_of(mailbox), {"begin": "1"}).content.decode()
    assert "does not know this application" in shown
    assert "no such client" in shown
    assert acts() == []


def test_the_code_is_shown_followed_and_done(provider: OAuthProvider) -> None:
    client, mailbox = scene()
    assert "Nobody has signed in" in client.get(page_of(mailbox)).content.decode()
    shown = client.post(page_of(mailbox), {"begin": "1"}).content.decode()
    for words in ("ABCD-EFGH", "https://example.com/link", 'hx-trigger="every 5s, submit"', "I have done that"):
        assert words in shown
    assert "dev-1" not in shown
    assert "ABCD-EFGH" in client.post(page_of(mailbox), {"check": "1"}).content.decode()
    SignIn.objects.update(poll_at=None)
    provider.allowed = "anna"
    shown = client.post(page_of(mailbox), {"check": "1"}).content.decode()
    assert "Signed in since" in shown
    assert "ABCD-EFGH" not in shown
    assert acts() == ["reports.mailbox.sign_in_begun", "reports.mailbox.signed_in"]


def test_a_browser_goes_there_and_comes_back(provider: OAuthProvider, settings: Any) -> None:
    settings.BASE_URL = "https://dmarc.example.com"
    client, mailbox = scene(sign_in="google")
    shown = client.post(page_of(mailbox), {"begin": "1"}).content.decode()
    assert "Continue at Google" in shown
    assert "redirect_uri=https%3A%2F%2Fdmarc.example.com%2Fingestion%2Fsign-in%2F" in shown
    state = shown.partition("&amp;state=")[2].partition("&amp;")[0]
    back = reverse("reports:sign-in-return")
    for wrong in (
        {},
        {"state": f"{mailbox.pk}.x", "code": "anna"},
        {"state": "²", "code": "anna"},
        {"state": "9" * 30, "code": "a"},
    ):
        assert "not under way" in client.get(back, wrong, follow=True).content.decode()
    stranger, _ = scene()
    assert "not under way" in stranger.get(back, {"state": state, "code": "anna"}, follow=True).content.decode()
    assert provider.asked == []
    assert "Signed in since" in client.get(back, {"state": state, "code": "anna"}, follow=True).content.decode()


def test_whoever_changes_where_the_token_goes_signs_in_again(provider: OAuthProvider) -> None:
    client, mailbox = scene(host="imap.example.com", port=993, tls="implicit", ca_certificate="", tenant="")
    SignIn.objects.create(mailbox=mailbox, refresh=b"sealed")
    form = {
        **mailbox.settings, "name": "Reports", "handled_action": "flag", "refused_action": "leave", "interval_minutes": "15",
        "is_enabled": "on",
    }  # fmt: skip
    edit = reverse("reports:mailbox-edit", args=[mailbox.pk])
    client.post(edit, {**form, "folder": "Other", "save": "1"})
    assert SignIn.objects.exists()
    assert Mailbox.objects.get().settings["folder"] == "Other"
    client.post(edit, {**form, "host": "imap.example.net", "password": "new", "save": "1"})
    assert Mailbox.objects.get().settings["host"] == "imap.example.net"
    assert not SignIn.objects.exists()
