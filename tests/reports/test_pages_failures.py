"""Failure reports name people: masked for everybody; in full with a right, a reason, an audit entry, and for 15 minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import AuditEntry, FailureReport, Organisation
from reports.revealing import WINDOW, reveal, revealed_until
from reports.vocabulary import Role
from tests.reports.pages import a_person, document, logged_in, words
from tests.reports.samples import FEEDBACK, SAMPLE, failure_mail
from tests.reports.stored import make_organisation, record, report, upload

pytestmark = pytest.mark.django_db
SECRETS = ("Somebody", "somebody@", "Grüße", "one@receiver", "two@receiver", "bounce@sender", "Hello.", "sample-1")
REASON = {"reason": "The sender asks what we received."}


@pytest.fixture
def one(ours: Organisation) -> FailureReport:
    upload(failure_mail(), organisation=ours, filename="failure.eml")
    return FailureReport.objects.get()


def shown(response) -> list[str]:
    text = response.content.decode()
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("address", ["/failures/", "/failures/{pk}/", "/ingestion/", "/ingestion/messages/{message}/"])
def test_nobody_sees_a_person_anywhere_without_asking(one: FailureReport, role: Role, address: str) -> None:
    client = logged_in(one.organisation, role)
    page = client.get(address.format(pk=one.pk, message=one.message_id))
    assert page.status_code == 200
    assert shown(page) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.AUDITOR])
def test_who_has_no_right_cannot_reveal(one: FailureReport, role: Role) -> None:
    client = logged_in(one.organisation, role)
    assert client.post(f"/failures/{one.pk}/reveal/", REASON).status_code == 403
    assert shown(client.get(f"/failures/{one.pk}/")) == []
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("reason", ["", "   ", "short", "x" * 501, "with\0nul in it"])
def test_without_a_reason_nothing_is_shown(one: FailureReport, reason: str) -> None:
    client = logged_in(one.organisation, Role.APPROVER)
    answer = client.post(f"/failures/{one.pk}/reveal/", {"reason": reason})
    assert (answer.status_code, shown(answer)) == (422, [])
    assert not AuditEntry.objects.exists()


def test_a_failure_report_of_another_organisation_is_not_there(one: FailureReport) -> None:
    client = logged_in(make_organisation("theirs"), Role.ADMINISTRATOR)
    assert client.get(f"/failures/{one.pk}/").status_code == 404
    assert client.post(f"/failures/{one.pk}/reveal/", REASON).status_code == 404
    assert client.get(f"/ingestion/messages/{one.message_id}/").status_code == 404


def test_a_reason_shows_names_and_header_but_never_the_body_and_is_written_down(one: FailureReport) -> None:
    client = logged_in(one.organisation, Role.APPROVER)
    page = client.post(f"/failures/{one.pk}/reveal/", REASON, follow=True)
    assert shown(page) == [
        "Somebody",
        "somebody@",
        "Grüße",
        "one@receiver",
        "two@receiver",
        "bounce@sender",
        "sample-1",
    ]
    assert "Shown in full to approver@ours.example" in words(page) or "Shown in full to Approver" in words(page)
    assert "no-store" in page["Cache-Control"]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_type, entry.object_id) == (
        "reports.failure.revealed",
        "failurereport",
        str(one.pk),
    )
    assert entry.reason == REASON["reason"]
    assert [secret for secret in SECRETS if secret in f"{entry.object_label} {entry.data}"] == []
    assert shown(client.get("/failures/")) == []


def test_other_fields_of_the_reporter_are_shown_where_they_name_nobody_and_else_when_revealed(
    ours: Organisation,
) -> None:
    fields = "DKIM-Identity: somebody@example.com\nSource-Port: 4711\nX-Own: Somebody\nDKIM-Canonicalized-Header: U29tZWJvZHk=\n"
    upload(failure_mail(feedback=FEEDBACK + fields), organisation=ours, filename="failure.eml")
    one = FailureReport.objects.get()
    client = logged_in(ours, Role.APPROVER)
    masked = words(client.get(f"/failures/{one.pk}/"))
    assert "source-port 4711" in masked
    assert "dkim-identity s…y@example.com" in masked
    assert "x-own" not in masked
    assert "U29tZWJvZHk" not in masked
    client.post(f"/failures/{one.pk}/reveal/", REASON)
    assert "x-own Somebody dkim-canonicalized-header U29tZWJvZHk=" in words(client.get(f"/failures/{one.pk}/"))


def test_what_one_person_reveals_another_does_not_see(one: FailureReport) -> None:
    logged_in(one.organisation, Role.APPROVER).post(f"/failures/{one.pk}/reveal/", REASON)
    assert shown(logged_in(one.organisation, Role.ADMINISTRATOR).get(f"/failures/{one.pk}/")) == []


def test_the_window_closes_after_fifteen_minutes_and_holds_for_one_report(one: FailureReport) -> None:
    approver, now, session = a_person(one.organisation, Role.APPROVER), timezone.now(), {}
    until = reveal(one, viewer=approver, reason=REASON["reason"], at=now, session=session)
    assert (until - now, WINDOW) == (timedelta(minutes=15), timedelta(minutes=15))

    def seen(report: FailureReport, at) -> bool:
        return revealed_until(report, viewer=approver, at=at, session=session) is not None

    assert [seen(one, until - timedelta(seconds=1)), seen(one, until)] == [True, False]
    assert not seen(FailureReport(pk=one.pk + 1), now)


def test_alignment_says_what_failed_and_is_told_apart_from_what_is_computed_here(one: FailureReport) -> None:
    upload(report(record("192.0.2.7")), organisation=one.organisation)
    page = logged_in(one.organisation, Role.VIEWER).get(f"/failures/{one.pk}/")
    text = words(page)
    said, _, computed = text.partition("We compute")
    assert "Failed to align: DKIM, SPF." in said
    assert "3 similar messages" in said
    assert "example.com lies within the From domain" in computed
    assert "sender.example is another domain: never aligned" in computed
    assert "by the aggregate reports of that month" in computed


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("source=192.0.2.7", 1),
        ("source=192.0.2.8", 0),
        ("source=nonsense", 1),
        ("reporter=receiver.example", 1),
        ("reporter=reports", 0),
        ("delivery=reject", 1),
        ("delivery=spam", 0),
        ("domain=example.com", 1),
        ("days=7", 0),
        ("page=x&sort=-subject&per_page=0", 1),
    ],
)
def test_filters_narrow_the_list_and_search_nothing_that_is_masked(one: FailureReport, query: str, count: int) -> None:
    page = logged_in(one.organisation, Role.VIEWER).get(f"/failures/?{query}")
    assert len(document(page).xpath("//td/a[starts-with(@href, '/failures/')]")) == count


def test_the_ledger_is_not_searched_by_a_masked_subject_or_sender(one: FailureReport) -> None:
    client = logged_in(one.organisation, Role.VIEWER)
    found = {
        word: len(document(client.get("/ingestion/", {"q": word})).xpath("//td/a[contains(@href, '/messages/')]"))
        for word in ("hello", "reports@", "receiver.example", "failure.eml")
    }
    assert found == {"hello": 0, "reports@": 0, "receiver.example": 1, "failure.eml": 1}


def test_what_was_sealed_with_a_lost_key_is_said_to_be_lost(one: FailureReport) -> None:
    FailureReport.objects.update(details=b"damaged", sample=b"damaged")
    client = logged_in(one.organisation, Role.APPROVER)
    assert "sealed with a key that is gone" in words(client.get("/failures/"))
    page = client.get(f"/failures/{one.pk}/")
    assert "They cannot be shown." in words(page)
    assert document(page).xpath("//form[contains(@action, 'reveal')]") == []


def test_an_odd_header_is_shown_as_text(ours: Organisation) -> None:
    sample = SAMPLE.replace("Somebody <", "=?utf-8?b?!!!?= <").replace("Date:", "X-Odd: =?nope?q?x?=\nDate:")
    upload(failure_mail(feedback=FEEDBACK, sample=sample), organisation=ours)
    client = logged_in(ours, Role.APPROVER)
    page = client.post(f"/failures/{FailureReport.objects.get().pk}/reveal/", REASON, follow=True)
    assert page.status_code == 200
    assert "=?nope?q?x?=" in words(page)


def test_the_number_of_queries_does_not_grow_with_the_list(ours: Organisation, django_assert_max_num_queries) -> None:
    for number in range(30):
        upload(failure_mail(feedback=FEEDBACK.replace("env-1", f"env-{number}")), organisation=ours)
    client = logged_in(ours, Role.VIEWER)
    with django_assert_max_num_queries(8):
        assert len(document(client.get("/failures/")).xpath("//td/a[starts-with(@href, '/failures/')]")) == 25
