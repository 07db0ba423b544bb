"""The retention page and the hold of a domain: who may, what is refused, and what the audit log says."""

from __future__ import annotations

import pytest

from reports.models import AuditEntry, Domain, Organisation, Retention
from tests.exceptions.cast import Cast, a_cast
from tests.exceptions.pages import as_person, field_errors

PATH = "/organisation/retention/"
DAYS = {"reports": 400, "failures": 20, "raw": 200, "refused_raw": 14, "events": 60, "ledger": 500, "sums": 4000}


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


@pytest.fixture
def domain(cast: Cast) -> Domain:
    return Domain.objects.create(organisation=Organisation.objects.get(), name="hold.example.com", kind="own")


def test_only_administrators_see_change_hold_and_release(cast: Cast, domain: Domain) -> None:
    for person in (cast.ann, cast.bob, cast.dan, cast.eve):
        client = as_person(person)
        assert [client.get(PATH).status_code, client.post(PATH, DAYS).status_code] == [403, 403]
        hold = f"/domains/{domain.pk}/hold/"
        assert [client.get(hold).status_code, client.post(hold, {"reason": "x", "act": "hold"}).status_code] == [
            403,
            403,
        ]
    assert not Retention.objects.exists()
    assert Domain.objects.get(pk=domain.pk).held_at is None


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"failures": 0}, {"failures": ["Ensure this value is greater than or equal to 1."]}),
        ({"sums": 399}, {"sums": ["Sums must be kept at least as long as the reports they are made of."]}),
        ({"ledger": 399}, {"ledger": ["Records must be kept at least as long as the reports that came."]}),
        ({"raw": 13}, {"raw": ["Mails with reports must be kept at least as long as mails without."]}),
        ({"events": "soon"}, {"events": ["Enter a whole number."]}),
    ],
)
def test_terms_that_contradict_each_other_are_refused(
    cast: Cast, changed: dict[str, object], errors: dict[str, list[str]]
) -> None:
    answer = as_person(cast.cy).post(PATH, DAYS | changed)
    assert (answer.status_code, field_errors(answer)) == (422, errors)
    assert not Retention.objects.exists()


def test_a_change_is_saved_with_its_entry_and_the_same_again_leaves_none(cast: Cast) -> None:
    client = as_person(cast.cy)
    assert [client.post(PATH, DAYS).status_code for _ in range(2)] == [302, 302]
    assert {kind: getattr(Retention.objects.get(), kind) for kind in DAYS} == DAYS
    (entry,) = AuditEntry.objects.filter(action="organisation.retention.changed")
    assert entry.data["reports"] == {"before": 730, "after": 400}
    assert "refused_raw" not in entry.data
    assert 'value="400"' in client.get(PATH).content.decode()


def test_a_hold_needs_a_reason(cast: Cast, domain: Domain) -> None:
    answer = as_person(cast.cy).post(f"/domains/{domain.pk}/hold/", {"reason": " ", "act": "hold"})
    assert (answer.status_code, field_errors(answer)) == (422, {"reason": ["This field is required."]})


def test_a_domain_of_another_organisation_is_not_there(cast: Cast) -> None:
    other = Organisation.objects.create(name="Other", slug="other")
    theirs = Domain.objects.create(organisation=other, name="example.net", kind="own")
    answer = as_person(cast.cy).post(f"/domains/{theirs.pk}/hold/", {"reason": "x", "act": "hold"})
    assert answer.status_code == 404
    assert Domain.objects.get(pk=theirs.pk).held_at is None


def test_hold_and_release_are_named_with_who_and_why(cast: Cast, domain: Domain) -> None:
    client, path = as_person(cast.cy), f"/domains/{domain.pk}/hold/"
    assert client.post(path, {"reason": "Case 7", "act": "hold"}).status_code == 302
    assert client.post(path, {"reason": "Case 8", "act": "hold"}).status_code == 302
    held = Domain.objects.get(pk=domain.pk)
    assert (held.held_by_name, held.hold_reason) == ("Cy", "Case 7")
    assert "Case 7" in client.get(PATH).content.decode()
    assert client.get(path).status_code == 200
    assert client.post(path, {"reason": "Settled", "act": "release"}).status_code == 302
    assert Domain.objects.get(pk=domain.pk).held_at is None
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "reason")) == [
        ("organisation.domain.held", "Case 7"),
        ("organisation.domain.released", "Settled"),
    ]
