"""A forgotten password: a link by mail, and no link at all, in no log either, while there is no mail server."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client, override_settings

from dmarcsite.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_mail_server_the_page_is_closed_and_says_why(method: str, client: Client) -> None:
    User.objects.create_user("dan@example.com", "correct-horse-9-battery")
    response = getattr(client, method)("/accounts/password/reset/", {"email": "dan@example.com"})
    assert response.status_code == 200
    assert "No mail server is set up" in response.content.decode()
    assert mail.outbox == []


@override_settings(HAS_MAIL_SERVER=True)
def test_with_one_the_link_is_sent(client: Client) -> None:
    User.objects.create_user("dan@example.com", "correct-horse-9-battery")
    assert 'name="email"' in client.get("/accounts/password/reset/").content.decode()
    assert client.post("/accounts/password/reset/", {"email": "dan@example.com"}).status_code == 302
    assert [message.to for message in mail.outbox] == [["dan@example.com"]]
