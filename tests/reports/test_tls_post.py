from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from reports.ingest import tls_endpoints, tls_posts
from reports.ingest.tls_endpoints import make_endpoint, revoke_endpoint, use_endpoint
from reports.models import AuditEntry, Domain, Message, Organisation, TlsEndpoint, TlsPolicy, TlsReport
from reports.views import tls_post
from reports.vocabulary import DomainKind, Outcome, Role
from tests.reports.pages import a_person, logged_in, words
from tests.reports.samples import failure_mail
from tests.reports.stored import NOW, make_organisation, record, report
from tests.reports.test_tls_store import policy, tls

pytestmark = pytest.mark.django_db(transaction=True)
TLSRPT = "application/tlsrpt+gzip"


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


@pytest.fixture
def domain(organisation: Organisation) -> Domain:
    return Domain.objects.create(
        organisation=organisation, name="example.com", kind=DomainKind.OWN, confirmed_at=NOW, confirmed_by_name="A"
    )


@pytest.fixture
def path(organisation: Organisation, domain: Domain) -> str:
    _endpoint, secret = make_endpoint(domain, viewer=a_person(organisation, Role.ADMINISTRATOR), at=NOW)
    return f"/tls-report/{secret}/"


def post(path: str, data: bytes, content_type: str = TLSRPT) -> Any:
    return Client(enforce_csrf_checks=True).post(path, data, content_type=content_type)


@pytest.mark.parametrize("content_type", [TLSRPT, "application/tlsrpt+json", "text/plain", ""])
def test_a_report_is_taken_by_its_content_and_goes_through_the_ledger(path: str, content_type: str) -> None:
    data = tls(policy())
    answer = post(path, gzip.compress(data) if content_type == TLSRPT else data, content_type)
    assert (answer.status_code, answer.content, answer.cookies) == (200, b"", {})
    assert list(Message.objects.values_list("channel", "outcome")) == [("https", Outcome.STORED)]
    assert list(TlsPolicy.objects.values_list("domain__name", "total_failure_session_count")) == [("example.com", 10)]


def test_the_same_report_again_counts_once(path: str) -> None:
    assert [post(path, tls(policy())).status_code for _ in range(2)] == [200, 200]
    assert list(TlsReport.objects.values_list("sightings", flat=True)) == [2]


def test_a_bomb_is_not_unpacked_and_not_kept(path: str) -> None:
    """The address stands in public DNS, and a web server has to answer meanwhile."""
    bomb = gzip.compress(tls(policy()) + b" " * 100_000_000)
    assert len(bomb) < 100_000
    assert post(path, bomb).status_code == 415
    assert post(path, gzip.compress(gzip.compress(tls(policy())))).status_code == 415
    assert not Message.objects.exists()


def test_other_reports_are_refused_without_being_read(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_never_asked(*_: object, **__: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(tls_posts, "read", is_never_asked)
    for data in (
        report(record()),
        gzip.compress(report(record())),
        failure_mail(),
    ):
        assert post(path, data).status_code == 415


@pytest.mark.parametrize("secret", ["x", "0" * 43, "%00", "a" * 5000])
def test_an_unknown_address_is_not_found_and_keeps_nothing(path: str, secret: str) -> None:
    assert post(f"/tls-report/{secret}/", tls(policy())).status_code == 404
    assert not Message.objects.exists()


def test_other_methods_are_refused_alike_for_known_and_unknown_addresses(path: str) -> None:
    for each in (path, "/tls-report/unknown/"):
        answer = Client().get(each)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 415),
        (b"{}", 415),
        (b"{", 415),
        (b"<html></html>", 415),
        (report(record()), 415),
        (tls(policy("example.org")), 422),
        (tls(policy(), policy("example.org")), 422),
        (tls(policy("notexample.com")), 422),
    ],
)
def test_anything_else_is_refused_and_makes_neither_rows_nor_domains(path: str, data: bytes, status: int) -> None:
    answer = post(path, data)
    assert (answer.status_code, answer.content) == (status, b"")
    assert not Message.objects.exists()
    assert set(Domain.objects.values_list("name", flat=True)) == {"*", "example.com"}


@pytest.mark.parametrize(
    ("kind", "policy_domain"), [("tlsa", "mx.example.org"), ("sts", "sub.example.com"), ("no-policy-found", "")]
)
def test_all_that_an_address_takes_is_filed_under_its_domain(path: str, kind: str, policy_domain: str) -> None:
    assert post(path, tls(policy(policy_domain, kind=kind))).status_code == 200
    assert TlsPolicy.objects.get().domain.name == "example.com"
    assert TlsReport.objects.get().domain.name == "example.com"
    assert set(Domain.objects.values_list("name", flat=True)) == {"*", "example.com"}


def test_too_large_a_body_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tls(policy())
    monkeypatch.setattr(tls_post, "LIMIT_BYTES", len(data))
    assert post(path, data + b" ").status_code == 413
    assert post(path, data).status_code == 200


def test_an_address_is_used_only_so_often_in_a_minute(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_endpoints, "REQUESTS_PER_MINUTE", 2)
    secret = path.split("/")[2]
    moments = [NOW, NOW, NOW, NOW + timedelta(minutes=1)]
    assert [use_endpoint(secret, at=at)[1] for at in moments] == [False, False, True, False]
    monkeypatch.setattr(tls_endpoints, "REQUESTS_PER_MINUTE", 0)
    answer = post(path, tls(policy()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_only_a_digest_is_stored_and_making_and_revoking_are_on_record(
    organisation: Organisation, domain: Domain, path: str
) -> None:
    endpoint, secret = TlsEndpoint.objects.get(), path.split("/")[2]
    assert bytes(endpoint.secret_sha256) == hashlib.sha256(secret.encode()).digest()
    viewer = a_person(make_organisation("other"), Role.ADMINISTRATOR)
    revoke_endpoint(endpoint, viewer=viewer, at=NOW)
    assert post(path, tls(policy())).status_code == 404
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["reports.tls_endpoint.made", "reports.tls_endpoint.revoked"]
    assert secret not in str(list(AuditEntry.objects.values()))


def test_a_domain_that_was_dropped_takes_nothing_any_more(domain: Domain, path: str) -> None:
    Domain.objects.update(confirmed_at=None, confirmed_by_name="")
    assert post(path, tls(policy())).status_code == 422


def test_administrators_make_an_address_see_it_once_and_revoke_it(organisation: Organisation, domain: Domain) -> None:
    client = logged_in(organisation, Role.ADMINISTRATOR)
    made = client.post("/tls/endpoints/", {"domain": domain.pk})
    assert made.status_code == 200
    assert '_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=http' in words(made)
    secret = words(made).split("/tls-report/")[1].split("/")[0]
    assert secret not in client.get("/tls/endpoints/").content.decode()
    assert post(f"/tls-report/{secret}/", tls(policy())).status_code == 200
    endpoint = TlsEndpoint.objects.get()
    assert client.post(f"/tls/endpoints/{endpoint.pk}/revoke/").status_code == 302
    assert post(f"/tls-report/{secret}/", tls(policy())).status_code == 404


def test_no_address_is_made_for_a_domain_that_nobody_confirmed(organisation: Organisation) -> None:
    seen = Domain.objects.create(organisation=organisation, name="example.net", kind=DomainKind.OWN)
    answer = logged_in(organisation, Role.ADMINISTRATOR).post("/tls/endpoints/", {"domain": seen.pk})
    assert (answer.status_code, TlsEndpoint.objects.count()) == (422, 0)
