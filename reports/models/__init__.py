from __future__ import annotations

from reports.models.aggregate import AggregateReport, AggregateRow, RejectedRow
from reports.models.audit import AuditEntry
from reports.models.failure import FailureReport
from reports.models.identity import AddressIdentity, ServiceName
from reports.models.inbound import InboundEvent, Node, PassCount
from reports.models.installation import Installation
from reports.models.job import Job
from reports.models.loose_object import LooseObject
from reports.models.mailbox import Mailbox
from reports.models.message import Message, RawMessage
from reports.models.organisation import Domain, Membership, Organisation
from reports.models.retention import Retention
from reports.models.rollup import DomainDay, RollupCheck, SourceDay
from reports.models.sighting import Sighting
from reports.models.sign_in import SignIn
from reports.models.source import Decision, Source
from reports.models.tls import TlsEndpoint, TlsFailure, TlsPolicy, TlsReport
from reports.models.upload_token import UploadToken

__all__ = [
    "AddressIdentity",
    "AggregateReport",
    "AggregateRow",
    "AuditEntry",
    "Decision",
    "Domain",
    "DomainDay",
    "FailureReport",
    "InboundEvent",
    "Installation",
    "Job",
    "LooseObject",
    "Mailbox",
    "Membership",
    "Message",
    "Node",
    "Organisation",
    "PassCount",
    "RawMessage",
    "RejectedRow",
    "Retention",
    "RollupCheck",
    "ServiceName",
    "Sighting",
    "SignIn",
    "Source",
    "SourceDay",
    "TlsEndpoint",
    "TlsFailure",
    "TlsPolicy",
    "TlsReport",
    "UploadToken",
]
