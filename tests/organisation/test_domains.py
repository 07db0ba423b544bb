"""Who names domains, and what keeps one named: each refusal first, then what it changes at the filter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from dmarcsite.domains.changes import domain_drop, domain_name
from dmarcsite.domains.errors import DomainRefused
from exceptions.plans.services import loosening_approve, loosening_propose, mode_tighten
from exceptions.publishing.content import read_content
from exceptions.selectors.enforcement import domain_modes
from exceptions.vocabulary import Mode, RuleState
from reports.models import AuditEntry, Domain
from reports.vocabulary import DomainKind
from tests.exceptions.cast import Cast, a_cast, a_rule, an_organisation
from tests.exceptions.pages import alert, as_person, field_errors, text
from tests.reports.stored import record, report, upload

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def named(cast: Cast, name: str = "shop.example", kind: DomainKind = DomainKind.OWN) -> Domain:
    return domain_name(name, kind=kind, viewer=cast.cy, at=NOW)


def reported(cast: Cast, name: str) -> Domain:
    """A domain that nobody but a report has named."""
    upload(report(record(header_from=name), domain=name, report_id=name), organisation=cast.organisation)
    return Domain.objects.get(organisation=cast.organisation, name=name)


def trusted(cast: Cast) -> list[str]:
    return read_content(organisation_id=cast.organisation.pk, at=NOW, until=NOW)["own_domains"]


def rows(cast: Cast) -> list[tuple[str, str, bool]]:
    found = Domain.objects.filter(organisation=cast.organisation).exclude(name="*").order_by("name")
    return [(domain.name, domain.kind, domain.confirmed_at is not None) for domain in found]


def refusal(cast: Cast, domain: Domain) -> str:
    before = (rows(cast), AuditEntry.objects.count())
    with pytest.raises(DomainRefused) as caught:
        domain_drop(domain.pk, viewer=cast.cy, at=NOW)
    assert (rows(cast), AuditEntry.objects.count()) == before
    return caught.value.code


@pytest.mark.parametrize(
    "given", ["com", "*", "no domain", "-a.example", "a..example", "user@example.com", "x" * 64 + ".example"]
)
def test_what_is_no_domain_or_a_whole_top_level_one_is_refused(cast: Cast, given: str) -> None:
    before = rows(cast)
    with pytest.raises(DomainRefused) as caught:
        named(cast, given)
    assert (caught.value.code, rows(cast)) == ("bad_domain", before)


def test_a_domain_is_named_once(cast: Cast) -> None:
    named(cast)
    with pytest.raises(DomainRefused) as caught:
        named(cast, "SHOP.example.", DomainKind.PARTNER)
    assert caught.value.code == "already_named"
    assert AuditEntry.objects.filter(action="organisation.domain.named").count() == 1


def test_what_only_a_report_named_is_not_dropped(cast: Cast) -> None:
    assert refusal(cast, reported(cast, "seen.example")) == "not_named"


def test_an_enforced_domain_stays_named_by_page_and_by_sql(cast: Cast) -> None:
    own, partner = named(cast), Domain.objects.get(name="partner.example")
    mode_tighten(viewer=cast.bob, domain_id=own.pk, mode=Mode.QUARANTINE, share=1, at=NOW)
    mode_tighten(viewer=cast.bob, domain_id=None, mode=Mode.REJECT, at=NOW)
    assert [refusal(cast, own), refusal(cast, partner)] == ["enforced", "enforced"]
    for change in (
        lambda: Domain.objects.filter(pk=own.pk).update(confirmed_at=None, confirmed_by_name=""),
        lambda: Domain.objects.filter(pk=partner.pk).update(kind="own"),
        lambda: Domain.objects.filter(pk=partner.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="enforced_domain_stays_named"), transaction.atomic():
            change()
    assert trusted(cast) == ["partner.example", "shop.example"]


def test_rules_and_modes_keep_a_domain_that_would_go(cast: Cast) -> None:
    with_rule, with_mode = named(cast), named(cast, "shop.test")
    a_rule(cast, state=RuleState.WITHDRAWN, header_from="shop.example")
    mode_tighten(viewer=cast.bob, domain_id=with_mode.pk, mode=Mode.MONITOR, at=NOW)
    assert [refusal(cast, with_rule), refusal(cast, with_mode)] == ["has_rules", "has_modes"]


def test_a_report_alone_reaches_no_filter_and_a_persons_word_does(cast: Cast) -> None:
    reported(cast, "seen.example")
    assert trusted(cast) == ["partner.example"]
    domain = named(cast, "Seen.Example")
    assert (domain.kind, domain.confirmed_at, domain.confirmed_by_name) == ("own", NOW, "Cy")
    assert trusted(cast) == ["partner.example", "seen.example"]
    entry = AuditEntry.objects.get(action="organisation.domain.named")
    assert (entry.actor_name, entry.object_label, entry.data) == ("Cy", "seen.example", {"kind": "own"})


def test_an_internationalised_name_is_kept_as_a_labels(cast: Cast) -> None:
    assert named(cast, " Bücher.example ", DomainKind.PARTNER).name == "xn--bcher-kva.example"


def test_dropping_one_that_reports_tell_of_keeps_it_as_merely_seen(cast: Cast) -> None:
    domain = reported(cast, "partner.example")
    domain_drop(domain.pk, viewer=cast.cy, at=NOW)
    assert rows(cast) == [("example.com", "own", False), ("partner.example", "own", False)]
    assert trusted(cast) == []
    assert AuditEntry.objects.get(action="organisation.domain.dropped").data == {"kind": "partner"}


def test_dropping_another_removes_it(cast: Cast) -> None:
    domain_drop(named(cast).pk, viewer=cast.cy, at=NOW)
    assert rows(cast) == [("example.com", "own", False), ("partner.example", "partner", False)]


def test_after_two_people_loosened_its_mode_a_domain_can_be_dropped(cast: Cast) -> None:
    domain = reported(cast, "seen.example")
    named(cast, "seen.example")
    mode_tighten(viewer=cast.bob, domain_id=domain.pk, mode=Mode.REJECT, at=NOW)
    assert refusal(cast, domain) == "enforced"
    change = loosening_propose(viewer=cast.bob, domain_id=domain.pk, mode=Mode.MONITOR, reason="It moves.", at=NOW)
    loosening_approve(change, viewer=cast.cy, at=NOW)
    domain_drop(domain.pk, viewer=cast.cy, at=NOW)
    domain.refresh_from_db()
    assert (domain.kind, domain.confirmed_at, domain.confirmed_by_name) == ("own", None, "")


def test_a_strict_default_binds_only_what_nobody_named(cast: Cast) -> None:
    named(cast)
    for name in ("seen.example", "sub.shop.example"):
        reported(cast, name)
    assert [each.domain.name for each in domain_modes(cast.dan) if each.is_bound] == []
    mode_tighten(viewer=cast.bob, domain_id=None, mode=Mode.REJECT, at=NOW)
    assert [each.domain.name for each in domain_modes(cast.dan) if each.is_bound] == ["example.com", "seen.example"]


def test_only_administrators_name_and_drop(cast: Cast) -> None:
    domain = named(cast)
    for person in (cast.ann, cast.bob, cast.dan, cast.eve):
        client = as_person(person)
        assert client.get("/domains/").status_code == 200
        assert client.post("/domains/name/", {"name": "new.example", "kind": "own"}).status_code == 403
        assert client.post(f"/domains/{domain.pk}/drop/").status_code == 403
    assert Domain.objects.filter(name="new.example").count() == 0


def test_another_organisations_domain_and_the_star_cannot_be_dropped(cast: Cast) -> None:
    other = Domain.objects.create(
        organisation=an_organisation("Theirs"),
        name="theirs.example",
        kind="partner",
        confirmed_at=NOW,
        confirmed_by_name="X",
    )
    star = Domain.objects.get(organisation=cast.organisation, name="*")
    client = as_person(cast.cy)
    assert [client.post(f"/domains/{pk}/drop/").status_code for pk in (other.pk, star.pk)] == [404, 404]


def test_the_page_says_what_is_wrong_with_a_name(cast: Cast) -> None:
    response = as_person(cast.cy).post("/domains/name/", {"name": "com", "kind": "own"})
    assert response.status_code == 422
    assert field_errors(response)["name"] == ["“com” is not a domain. Write it like mail.example.com."]
    assert as_person(cast.cy).post("/domains/name/", {"name": "a.example", "kind": "foreign"}).status_code == 422


def test_the_page_says_what_to_do_before_a_drop(cast: Cast) -> None:
    domain = named(cast)
    mode_tighten(viewer=cast.bob, domain_id=domain.pk, mode=Mode.REJECT, at=NOW)
    response = as_person(cast.cy).post(f"/domains/{domain.pk}/drop/")
    assert response.status_code == 409
    assert alert(response) == (
        "Filters enforce more than the domain publishes (Reject); without its name more mail would come in. "
        "Loosen its mode to monitor first, which takes two people."
    )


def test_a_seen_domain_is_confirmed_with_one_click_and_dropped_with_two(cast: Cast) -> None:
    reported(cast, "seen.example")
    client = as_person(cast.cy)
    page = text(client.get("/domains/"))
    assert page.index("not yet confirmed") < page.index("seen.example") < page.index("partner.example")
    assert client.post("/domains/name/", {"name": "seen.example", "kind": "own"}).status_code == 302
    domain = Domain.objects.get(name="seen.example")
    assert "Drop seen.example?" in text(client.get(f"/domains/{domain.pk}/drop/"))
    assert client.post(f"/domains/{domain.pk}/drop/").status_code == 302
    domain.refresh_from_db()
    assert domain.confirmed_at is None
