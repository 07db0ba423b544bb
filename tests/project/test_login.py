"""Every page demands a login, but for the few that are named here with their reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

ARGUMENTS = {"int": 1, "str": "x", "slug": "x", "uuid": "00000000-0000-0000-0000-000000000000"}
OPEN = {
    "healthz": "monitoring asks it; it says ok and no more",
    "readyz": "who starts and stops processes asks it; it says what is missing and no more",
    "metrics": "Prometheus brings a token; without one set, only this machine may ask",
    "set_language": "the login page is read in two languages",
    "theme": "the login page is seen light and dark",
    "invitation": "the token in the address is the proof",
    "exceptions:feed-policy": "filter nodes bring a token of their own",
    "exceptions:feed-events": "filter nodes bring a token of their own",
    "exceptions:feed-status": "filter nodes bring a token of their own",
    "reports:tls-post": "other mail servers post TLS reports; the secret in the address names its domain",
    "reports:api-upload": "programs bring a token of their own",
}
# Django's and allauth's own pages decide by themselves; login and password reset must be open.
THEIRS = ("account_", "mfa_", "admin:")


def patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, namespace + (f"{entry.namespace}:" if entry.namespace else ""))
        else:
            yield namespace + (entry.name or ""), entry


OURS = [(name, entry) for name, entry in patterns(get_resolver()) if not name.startswith(THEIRS)]


def address(name: str, entry: URLPattern) -> str:
    converters = entry.pattern.converters
    kinds = {key: type(value).__name__.removesuffix("Converter").lower() for key, value in converters.items()}
    return reverse(name, kwargs={key: ARGUMENTS.get(kinds[key].replace("string", "str"), "x") for key in converters})


def test_every_address_has_a_name():
    assert [str(entry.pattern) for name, entry in OURS if not name] == []


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("name", "entry"), [pair for pair in OURS if pair[0] not in OPEN], ids=lambda value: str(value)
)
def test_a_stranger_is_sent_to_the_login(name, entry, method, client: Client):
    where = address(name, entry)
    answer = getattr(client, method)(where)
    assert answer.status_code in {302, 405}, answer.content[:300]
    if answer.status_code == 302:
        assert answer.headers["Location"] == f"/accounts/login/?next={where}"


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, _ in OURS if "feed-" in name])
def test_a_filter_node_without_a_token_is_turned_away(name, client: Client):
    method = "get" if name.endswith("policy") else "post"
    assert getattr(client, method)(address(name, dict(OURS)[name])).status_code == 401


def test_no_exemption_is_stale():
    names = {name for name, _ in OURS}
    assert sorted(OPEN.keys() - names) == []
