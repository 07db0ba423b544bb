"""Loads the demo organisation through the real paths of ingestion and approval. A load that was cut short goes on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from dmarcsite.demo import cast, neighbours, workings
from dmarcsite.demo.cast import Person
from dmarcsite.demo.delivery import SERVER
from dmarcsite.demo.envelopes import DemoMail
from dmarcsite.demo.mails import demo_mails
from dmarcsite.demo.rules import RULES, DemoRule, Step
from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_organisation
from exceptions.lifecycle import services
from exceptions.lifecycle.content import RuleContent
from exceptions.models import ExceptionRule
from reports.access import viewer_for
from reports.audit import log
from reports.audit.actions import register
from reports.ingest.ledger import Arrival
from reports.ingest.pipeline import ingest
from reports.ingest.raw.ownership import demand
from reports.models import Domain, Membership, Message, Organisation
from reports.viewer import Viewer
from reports.vocabulary import Channel, Role

LOADED = register("demo.organisation.loaded")
REMOVED = register("demo.organisation.removed")
BATCH = 200
READING = timedelta(seconds=2)
"""How long a mail of the demo took to be read."""
_PASSWORD_BYTES = 9


@dataclass(frozen=True, slots=True)
class Account:
    """A demo person's log-in. The password is known when it was made just now, and None afterwards."""

    email: str
    role: Role
    password: str | None


def demo_load(*, now: datetime) -> list[Account]:
    """Make the demo organisation with its people, reports and rules, and tell who may log in.

    Its last reported day is the day before it was made, so that a load which goes on later adds the same mails. Raises
    RawStoreError where a bucket does not take them, before anything is made if it does not answer at all.
    """
    demand()
    organisation, accounts = _organisation_and_people(now=now)
    _reports(organisation)
    _rules(organisation)
    neighbours.introduce(viewer=_viewer(cast.ANALYST), at=organisation.created_at)
    workings.set_going(organisation)
    return accounts


@transaction.atomic
def demo_remove(*, viewer: Viewer | None, now: datetime) -> bool:
    """Remove the demo organisation with everything in it and its people; False where there is none.

    The audit log keeps its entries: it only grows.
    """
    organisation = Organisation.objects.filter(is_demo=True).first()
    if organisation is None:
        return False
    log.record(REMOVED, at=now, viewer=viewer, organisation=organisation, subject=organisation)
    organisation.delete()
    neighbours.forget()
    User.objects.filter(is_demo=True).delete()
    return True


@transaction.atomic
def _organisation_and_people(*, now: datetime) -> tuple[Organisation, list[Account]]:
    organisation = Organisation.objects.filter(is_demo=True).first()
    if organisation is not None:
        return organisation, [Account(person.email, person.role, None) for person in cast.PEOPLE]
    organisation = make_organisation(
        name=cast.ORGANISATION,
        slug=cast.ORGANISATION_SLUG,
        is_demo=True,
        own_reporters=list(cast.OWN_REPORTERS),
        trusted_authserv_ids=[SERVER],
        at=now,
    )
    for domain in cast.DOMAINS:
        Domain.objects.create(
            organisation=organisation,
            name=domain.name,
            kind=domain.kind,
            confirmed_at=now,
            confirmed_by_name=cast.APPROVER.name,
        )
    accounts = [_account(person, organisation) for person in cast.PEOPLE]
    # Whoever administers this installation may look at the demo and remove it.
    administrators = Membership.objects.filter(role=Role.ADMINISTRATOR, organisation__is_demo=False)
    for user in User.objects.filter(pk__in=administrators.values("user")).order_by("pk")[:1]:
        Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
    log.record(LOADED, at=now, organisation=organisation, subject=organisation)
    return organisation, accounts


def _account(person: Person, organisation: Organisation) -> Account:
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    user = User.objects.create_user(person.email, password, name=person.name, is_demo=True)
    Membership.objects.create(user=user, organisation=organisation, role=person.role)
    return Account(person.email, person.role, password)


def _reports(organisation: Organisation) -> None:
    known = set(
        Message.objects.filter(organisation=organisation, channel=Channel.DEMO, outcome__isnull=False).values_list(
            "filename", flat=True
        )
    )
    until = organisation.created_at.date() - timedelta(days=1)
    mails = list(demo_mails(until=until))
    mailboxes = workings.mailboxes(organisation)
    arrivals = {mail.name: _arrival(mail, uid, mailboxes[mail.address].pk) for uid, mail in enumerate(mails, start=1)}
    parked = [mail for mail in mails if mail.name.endswith(workings.PARKED)][-1:]
    fresh = [mail for mail in mails if mail.name not in known and mail not in parked]
    for batch in _batches(fresh, last_day=datetime(until.year, until.month, until.day, tzinfo=UTC)):
        ingest([arrivals[mail.name] for mail in batch], organisation=organisation, at=_sent(batch[-1]) + READING)
    for mail in parked:
        if mail.name not in known:
            workings.park(arrivals[mail.name], organisation=organisation, at=_sent(mail) + READING)
    workings.acknowledge(organisation)


def _batches(mails: Sequence[DemoMail], *, last_day: datetime) -> Iterator[Sequence[DemoMail]]:
    """Many at a time, but those since the last day one by one: how long they took is shown."""
    old = [mail for mail in mails if _sent(mail) < last_day]
    for start in range(0, len(old), BATCH):
        yield old[start : start + BATCH]
    yield from ([mail] for mail in mails[len(old) :])


def _arrival(mail: DemoMail, uid: int, mailbox_id: int) -> Arrival:
    return Arrival(
        mail.content, Channel.DEMO, _sent(mail), filename=mail.name,
        mailbox_id=mailbox_id, folder="INBOX", epoch="1", key=str(uid),
    )  # fmt: skip


def _sent(mail: DemoMail) -> datetime:
    return datetime.fromtimestamp(mail.sent_at, tz=UTC)


@transaction.atomic
def _rules(organisation: Organisation) -> None:
    if ExceptionRule.objects.filter(organisation=organisation).exists():
        return
    viewers = {person.email: _viewer(person) for person in cast.PEOPLE}
    for at, step, demo_rule in _acts(organisation.created_at):
        if step.act == "propose":
            _propose(demo_rule, viewers=viewers, at=at)
        else:
            _act(step, _latest(organisation, demo_rule), viewer=viewers[step.person.email], at=at)
    for rule in ExceptionRule.objects.filter(organisation=organisation, state="approved"):
        expires_at = rule.versions.get(number=rule.version).expires_at
        if expires_at <= organisation.created_at:
            services.rule_expire(rule, at=expires_at)


def _acts(made_at: datetime) -> Iterator[tuple[datetime, Step, DemoRule]]:
    """What happened to the rules, in the order of time. Days count back from the last reported day."""
    acts = [(made_at - timedelta(days=step.days_ago + 1), step, rule) for rule in RULES for step in rule.steps]
    yield from sorted(acts, key=lambda act: act[0])


def _propose(demo_rule: DemoRule, *, viewers: dict[str, Viewer], at: datetime) -> None:
    viewer = viewers[demo_rule.steps[0].person.email]
    content = RuleContent(
        header_from=demo_rule.header_from,
        networks=demo_rule.networks,
        dkim_domain=demo_rule.dkim_domain,
        envelope_domain=demo_rule.envelope_domain,
        recipients=demo_rule.recipients,
        action=demo_rule.action,
        reason_code=demo_rule.reason_code,
        reason_text=demo_rule.reason,
        owner_id=viewers[demo_rule.owner.email].user_id,
        starts_at=at,
        expires_at=at + timedelta(days=demo_rule.days),
    )
    rule = services.rule_draft(content, viewer=viewer, at=at)
    services.rule_propose(rule, viewer=viewer, seen_version=rule.version, at=at)


def _act(step: Step, rule: ExceptionRule, *, viewer: Viewer, at: datetime) -> None:
    if step.act == "approve":
        services.rule_approve(rule, viewer=viewer, seen_version=rule.version, reason=step.comment, at=at)
    else:
        services.rule_revoke(rule, viewer=viewer, reason=step.comment, at=at)


def _latest(organisation: Organisation, demo_rule: DemoRule) -> ExceptionRule:
    return ExceptionRule.objects.get(organisation=organisation, versions__reason_text=demo_rule.reason)


def _viewer(person: Person) -> Viewer:
    viewer = viewer_for(User.objects.get(email=person.email), organisation_slug=cast.ORGANISATION_SLUG)
    if viewer is None:
        raise LookupError(person.email)
    return viewer
