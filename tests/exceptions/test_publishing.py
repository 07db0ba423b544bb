"""What is decided becomes a numbered policy that nodes can read; nothing else makes a new number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from exceptions import signing
from exceptions.engine.policy import parse_policy
from exceptions.errors import PublishError
from exceptions.lifecycle import services
from exceptions.lifecycle.expiry import expire_due
from exceptions.models import SigningKey, Snapshot
from exceptions.plans.services import mode_tighten
from exceptions.publishing.keys import public_keys
from exceptions.publishing.publish import RAISE_EVERY, RENEW_AFTER, latest_number, number_above, publish
from exceptions.publishing.serving import common_format, reconcile, serve
from exceptions.tasks import mark_expired_rules, publish_policies
from exceptions.vocabulary import Mode, RuleState
from reports.audit.verify import verify
from reports.models import AuditEntry, Domain
from reports.vocabulary import DomainKind
from tests.exceptions.cast import NOW, Cast, a_cast, a_rule, an_organisation

S = RuleState


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def published(cast: Cast, *, after: timedelta = timedelta(0)) -> Snapshot:
    return publish(organisation_id=cast.organisation.pk, at=NOW + after)


def document(snapshot: Snapshot) -> Any:
    return json.loads(bytes(snapshot.document))


def test_the_policy_says_what_was_decided(cast: Cast) -> None:
    rule = a_rule(cast, state=S.APPROVED, dkim_domain="vendor.example", recipients=("payroll@example.com",))
    domain = Domain.objects.get(name="example.com").pk
    mode_tighten(viewer=cast.bob, domain_id=domain, mode=Mode.REJECT, share=25, at=NOW)
    snapshot = published(cast)
    assert document(snapshot) == {
        "format": "sekimori-policy/1",
        "organisation": "ours",
        "number": 1,
        "generated_at": int(NOW.timestamp()),
        "valid_until": int(NOW.timestamp()) + 259_200,
        "own_domains": ["example.com", "partner.example"],
        "enforcement": {
            "default": {"mode": "monitor", "share": 100},
            "domains": {"example.com": {"mode": "reject", "share": 25}},
        },
        "rules": [
            {
                "id": rule.reference,
                "header_from": "example.com",
                "networks": ["198.51.100.25/32"],
                "dkim_domain": "vendor.example",
                "envelope_domain": None,
                "recipients": ["payroll@example.com"],
                "action": "deliver",
                "not_before": int(NOW.timestamp()),
                "expires_at": int((NOW + timedelta(days=30)).timestamp()),
            }
        ],
    }
    assert (snapshot.number, snapshot.rules) == (1, 1)


def test_what_a_node_gets_is_addressed_signed_and_readable(cast: Cast) -> None:
    a_rule(cast, state=S.APPROVED)
    snapshot = published(cast)
    one, two = (serve(snapshot, node=node, at=NOW) for node in ("mx-1", "mx-2"))
    keys = signing.public_keys(public_keys(at=NOW))
    for served, node in ((one, "mx-1"), (two, "mx-2")):
        signing.verify(served.body, served.signature, keys)
        policy = parse_policy(served.body)
        assert (policy.node, policy.organisation, policy.number, len(policy.rules)) == (node, "ours", 1, 1)
    assert serve(snapshot, node="mx-1", at=NOW) == one
    assert one.body != two.body


def test_the_private_key_is_sealed_and_made_once(cast: Cast) -> None:
    texts = public_keys(at=NOW)
    assert public_keys(at=NOW) == texts
    row = SigningKey.objects.get()
    assert [row.public] == texts
    assert len(bytes(row.private)) > 32 + 16
    assert AuditEntry.objects.filter(action="exceptions.signing_key.made").count() == 1


@pytest.mark.parametrize("state", [state for state in S if state != S.APPROVED])
def test_only_approved_rules_are_published(cast: Cast, state: RuleState) -> None:
    a_rule(cast, state=state)
    assert document(published(cast))["rules"] == []


def test_a_revoked_rule_leaves_the_next_policy(cast: Cast) -> None:
    rule = a_rule(cast, state=S.APPROVED)
    assert published(cast).rules == 1
    services.rule_revoke(rule, viewer=cast.ann, reason="No longer needed.", at=NOW)
    snapshot = published(cast)
    assert (snapshot.number, snapshot.rules) == (2, 0)


def test_a_rule_is_left_out_once_its_time_is_over_though_no_job_has_run(cast: Cast) -> None:
    a_rule(cast, state=S.APPROVED, expires_at=NOW + timedelta(hours=1))
    assert published(cast).rules == 1
    assert published(cast, after=timedelta(minutes=59, seconds=59)).rules == 1
    assert published(cast, after=timedelta(hours=1)).rules == 0


def test_a_rule_is_published_before_it_begins_when_it_begins_within_the_validity(cast: Cast) -> None:
    a_rule(cast, state=S.APPROVED, starts_at=NOW + timedelta(days=4))
    assert published(cast).rules == 0
    assert published(cast, after=timedelta(days=1)).rules == 0
    assert published(cast, after=timedelta(days=1, seconds=1)).rules == 1


def test_the_number_stays_while_nothing_changes(cast: Cast) -> None:
    assert [published(cast, after=timedelta(minutes=minutes)).number for minutes in (0, 1, 2, 1439)] == [1, 1, 1, 1]
    assert Snapshot.objects.count() == 1


def test_a_policy_is_renewed_before_it_is_over(cast: Cast) -> None:
    published(cast)
    renewed = published(cast, after=RENEW_AFTER)
    assert (renewed.number, renewed.valid_until) == (2, NOW + RENEW_AFTER + timedelta(hours=72))


def test_each_publication_is_in_the_log(cast: Cast) -> None:
    rule = a_rule(cast, state=S.APPROVED)
    published(cast)
    entry = AuditEntry.objects.get(action="exceptions.policy.published")
    assert (entry.organisation_name, entry.actor_name, entry.data) == (
        "Ours",
        "",
        {"number": 1, "rules": [rule.reference]},
    )


def test_a_partner_domain_counts_as_own(cast: Cast) -> None:
    published(cast)
    Domain.objects.create(organisation=cast.organisation, name="second.example", kind=DomainKind.PARTNER)
    snapshot = published(cast)
    assert (snapshot.number, document(snapshot)["own_domains"]) == (
        2,
        ["partner.example", "second.example"],
    )


def test_a_domain_that_only_a_report_named_is_not_our_own_at_the_filter_until_a_person_sets_its_mode(
    cast: Cast,
) -> None:
    forged = Domain.objects.create(organisation=cast.organisation, name="big-provider.example", kind=DomainKind.OWN)
    mode_tighten(viewer=cast.bob, domain_id=None, mode=Mode.REJECT, at=NOW)
    assert document(published(cast))["own_domains"] == ["partner.example"]
    mode_tighten(viewer=cast.bob, domain_id=forged.pk, mode=Mode.REJECT, at=NOW)
    assert document(published(cast))["own_domains"] == ["big-provider.example", "partner.example"]


@pytest.mark.django_db
def test_the_demo_is_never_published() -> None:
    demo = a_cast(an_organisation("Demo", is_demo=True))
    a_rule(demo, state=S.APPROVED)
    with pytest.raises(PublishError) as caught:
        publish(organisation_id=demo.organisation.pk, at=NOW)
    assert caught.value.code == "demo_organisation"
    publish_policies()
    assert Snapshot.objects.count() == 0
    with pytest.raises(DatabaseError, match="snapshot_never_demo"), transaction.atomic():
        Snapshot.objects.create(
            organisation=demo.organisation,
            number=1,
            document=b"{}",
            mac="",
            rules=0,
            generated_at=NOW,
            valid_until=NOW,
        )


def test_what_nodes_would_refuse_is_not_published_and_the_last_good_policy_stays(cast: Cast) -> None:
    good = published(cast)
    Domain.objects.create(organisation=cast.organisation, name="no domain", kind=DomainKind.PARTNER)
    with pytest.raises(PublishError) as caught:
        published(cast)
    assert (caught.value.code, caught.value.params["reason"]) == ("unreadable", "bad_domain")
    assert latest_number(organisation_id=cast.organisation.pk) == good.number


def test_one_organisation_that_cannot_be_published_does_not_keep_the_others_from_it(cast: Cast) -> None:
    Domain.objects.create(organisation=cast.organisation, name="no domain", kind=DomainKind.PARTNER)
    theirs = an_organisation("Theirs")
    publish_policies()
    assert list(Snapshot.objects.values_list("organisation_id", "number")) == [(theirs.pk, 1)]


def test_a_policy_shows_nothing_of_another_organisation(cast: Cast) -> None:
    a_rule(a_cast(an_organisation("Theirs")), state=S.APPROVED)
    assert document(published(cast))["rules"] == []


@pytest.mark.parametrize(
    ("named", "chosen"),
    [
        ([], "sekimori-policy/1"),
        ([""], "sekimori-policy/1"),
        (["sekimori-policy/1"], "sekimori-policy/1"),
        (["sekimori-policy/9", " sekimori-policy/1 "], "sekimori-policy/1"),
        (["sekimori-policy/9"], None),
    ],
)
def test_the_newest_format_that_both_know_is_chosen(named: list[str], chosen: str | None) -> None:
    assert common_format(named) == chosen


# --- A database restored from a backup --------------------------------------------------------------------------


def reconciled(cast: Cast, *, live: int | None, sha256: str = "", after: timedelta = RAISE_EVERY) -> int:
    return reconcile(
        organisation_id=cast.organisation.pk, node="mx-1", live_number=live, live_sha256=sha256, at=NOW + after
    )


def test_numbering_goes_on_above_a_node_that_is_ahead_with_an_alarm(cast: Cast) -> None:
    published(cast)
    assert reconciled(cast, live=140) == 141
    entry = AuditEntry.objects.get(action="exceptions.policy.numbering_raised")
    assert entry.data == {"node": "mx-1", "live_number": 140, "held": 1}
    assert published(cast).number == 141
    assert reconciled(cast, live=140) == 141
    assert AuditEntry.objects.filter(action="exceptions.policy.numbering_raised").count() == 1


def test_another_text_under_the_same_number_is_passed_by_too(cast: Cast) -> None:
    published(cast)
    assert reconciled(cast, live=1, sha256="0" * 64) == 2


def test_a_node_that_always_claims_another_text_makes_one_policy_a_minute(cast: Cast) -> None:
    published(cast)
    claims = [timedelta(seconds=seconds) for seconds in (59, 60, 61, 119, 120, 121)]
    numbers = []
    for after in claims:
        numbers.append(
            reconciled(cast, live=latest_number(organisation_id=cast.organisation.pk), sha256="0" * 64, after=after)
        )
    assert numbers == [1, 2, 2, 2, 3, 3]
    assert AuditEntry.objects.filter(action="exceptions.policy.numbering_raised").count() == 2


def test_a_node_with_the_newest_policy_changes_nothing(cast: Cast) -> None:
    snapshot = published(cast)
    policy = serve(snapshot, node="mx-1", at=NOW)
    sha256 = hashlib.sha256(policy.body).hexdigest()
    assert [reconciled(cast, live=1, sha256=sha256), reconciled(cast, live=None), reconciled(cast, live=0)] == [1, 1, 1]
    assert Snapshot.objects.count() == 1


def test_a_node_cannot_use_the_numbers_up(cast: Cast) -> None:
    published(cast)
    assert reconciled(cast, live=2**53 - 2) == 1
    with pytest.raises(PublishError) as caught:
        number_above(2**53 - 2, organisation_id=cast.organisation.pk, at=NOW, node="mx-1")
    assert caught.value.code == "number_implausible"


def test_sql_cannot_publish_a_lower_number_or_change_a_policy(cast: Cast) -> None:
    published(cast)
    for sql in (
        "INSERT INTO exceptions_snapshot (organisation_id, number, document, mac, rules, generated_at, valid_until)"
        " SELECT organisation_id, 0, document, '', 0, now(), now() FROM exceptions_snapshot",
        "UPDATE exceptions_snapshot SET document = '{}'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert latest_number(organisation_id=cast.organisation.pk) == 1


def put_in_by_sql(cast: Cast, *, number: int, **changes: Any) -> Snapshot:
    """A copy of the newest snapshot with other contents, as somebody with the database's password could write it."""
    newest = Snapshot.objects.latest("number")
    values = {**json.loads(bytes(newest.document)), "number": number, **changes}
    return Snapshot.objects.create(
        organisation=cast.organisation,
        number=number,
        document=json.dumps(values, sort_keys=True).encode(),
        mac=newest.mac,
        rules=1,
        generated_at=NOW,
        valid_until=newest.valid_until,
    )


def test_a_rule_that_sql_puts_into_a_policy_past_the_approvals_is_never_signed(cast: Cast) -> None:
    published(cast)
    a_rule(cast, state=S.PROPOSED)
    forged_rule = {"id": "EX-1", "header_from": "example.com", "networks": ["192.0.2.0/24"]}
    forged = put_in_by_sql(cast, number=2, rules=[forged_rule])
    with pytest.raises(PublishError) as caught:
        serve(forged, node="mx-1", at=NOW)
    assert caught.value.code == "not_authentic"
    honest = published(cast)
    assert (honest.number, document(honest)["rules"]) == (3, [])


def test_an_old_policy_that_sql_puts_under_a_new_number_is_never_signed(cast: Cast) -> None:
    a_rule(cast, state=S.APPROVED)
    published(cast)
    forged = put_in_by_sql(cast, number=2)
    with pytest.raises(PublishError):
        serve(forged, node="mx-1", at=NOW)


@pytest.mark.django_db(transaction=True)
def test_concurrent_publishers_make_one_policy() -> None:
    cast = a_cast()
    a_rule(cast, state=S.APPROVED)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(alone, [partial(published, cast)] * 24))
    assert numbers == [1] * 24
    assert (Snapshot.objects.count(), SigningKey.objects.count()) == (1, 0)
    assert verify().is_whole


@pytest.mark.django_db(transaction=True)
def test_concurrent_first_uses_make_one_key() -> None:
    def use(_: int) -> list[str]:
        try:
            return public_keys(at=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(use, range(16)))
    assert all(each == texts[0] and len(each) == 1 for each in texts)
    assert SigningKey.objects.count() == 1


def alone(act: Callable[[], Snapshot]) -> int:
    try:
        return act().number
    finally:
        connection.close()


# --- Tidying -------------------------------------------------------------------------------------------------------


def test_rules_that_are_over_are_marked_once_each(cast: Cast) -> None:
    over = a_rule(cast, state=S.APPROVED, expires_at=NOW + timedelta(hours=1))
    stays = a_rule(cast, state=S.APPROVED)
    assert expire_due(at=NOW + timedelta(hours=1)) == 1
    assert expire_due(at=NOW + timedelta(hours=1)) == 0
    over.refresh_from_db()
    stays.refresh_from_db()
    assert (over.state, over.ended_at, stays.state) == (S.EXPIRED, NOW + timedelta(hours=1), S.APPROVED)
    entry = AuditEntry.objects.get(action="exceptions.rule.expired")
    assert (entry.actor_id, entry.organisation_name, entry.object_label) == (None, "Ours", over.reference)


def test_the_tasks_say_what_they_did(cast: Cast) -> None:
    assert publish_policies() == "1 policies up to date"
    assert mark_expired_rules() == "0 rules marked as expired"
