"""Mailboxes on the test's own Dovecot, and what a visit leaves in the database, without ids and times."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from reports.ingest.places.secrets import sealed_secret
from reports.models import Mailbox, Organisation
from tests.mailhost.dovecot import Dovecot
from tests.reports.stored import NOW, rows_of

PASSWORD = 'pass "word"'


def make_mailbox(dovecot: Dovecot, organisation: Organisation, **fields: Any) -> Mailbox:
    """A mailbox of a new user, reached over TLS that trusts Dovecot's own authority. `fields` are columns or settings."""
    user = f"user-{uuid4().hex[:12]}"
    dovecot.add_user(user, password=PASSWORD)
    settings = {
        "host": "localhost",
        "port": dovecot.imaps_port,
        "tls": "implicit",
        "ca_certificate": Path(dovecot.ca_file).read_text(),
        "username": user,
        "folder": "INBOX",
    }
    settings |= {name: fields.pop(name) for name in settings.keys() & fields.keys()}
    columns = {"name": user, "secret": sealed_secret(PASSWORD), "settings": settings} | fields
    mailbox = Mailbox.objects.create(organisation=organisation, **columns)
    Mailbox.objects.filter(pk=mailbox.pk).update(due_at=fields.get("due_at", NOW))
    return mailbox


def change_settings(mailbox: Mailbox, **settings: Any) -> None:
    """Write these into the stored settings, as another process would."""
    mailbox.settings = Mailbox.objects.get(pk=mailbox.pk).settings | settings
    Mailbox.objects.filter(pk=mailbox.pk).update(settings=mailbox.settings)


def clock() -> datetime:
    return NOW


_TABLES = {
    "messages": "SELECT m.key, encode(r.sha256, 'hex'), m.outcome, m.reason, m.problems::text, m.subject, "
    "m.acknowledged_at IS NOT NULL FROM reports_message m LEFT JOIN reports_rawmessage r ON r.id = m.raw_id "
    "WHERE m.organisation_id = %s",
    "raw": "SELECT encode(sha256, 'hex'), size FROM reports_rawmessage WHERE organisation_id = %s",
    "reports": "SELECT encode(identity, 'hex'), encode(rows_hash, 'hex'), d.name, r.day, r.rows, r.messages, r.failing, "
    "r.sightings, r.is_conflicting FROM reports_aggregatereport r JOIN reports_domain d ON d.id = r.domain_id "
    "WHERE r.organisation_id = %s",
    "rows": "SELECT encode(p.identity, 'hex'), r.position, r.source_ip, s.address, r.count, r.lens, r.verdict, r.day "
    "FROM reports_aggregaterow r JOIN reports_aggregatereport p ON p.id = r.report_id "
    "JOIN reports_source s ON s.id = r.source_id WHERE r.organisation_id = %s",
    "failures": "SELECT encode(identity, 'hex'), day, sightings FROM reports_failurereport WHERE organisation_id = %s",
    "source days": "SELECT d.name, t.day, t.lens, s.address, t.header_from, t.verdict, t.messages, t.aligned, t.nothing, "
    "t.rejected, t.reporters::text FROM reports_sourceday t JOIN reports_domain d ON d.id = t.domain_id "
    "JOIN reports_source s ON s.id = t.source_id WHERE t.organisation_id = %s",
    "domain days": "SELECT d.name, t.day, t.lens, t.verdict, t.messages, t.aligned FROM reports_domainday t "
    "JOIN reports_domain d ON d.id = t.domain_id WHERE t.organisation_id = %s",
}


def contents(organisation: Organisation) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that ingestion has written for an organisation, in an order of its own."""
    return {name: sorted(rows_of(sql, [organisation.pk]), key=str) for name, sql in _TABLES.items()}
