"""The words of the reports side: plain enumerations, no Django, no translations (those are made at the edge)."""

from __future__ import annotations

from reports.vocabulary.evidence import (
    Confidence,
    Disposition,
    Kind,
    Lens,
    SenderCheck,
    SenderReason,
    SourceVerdict,
    Why,
)
from reports.vocabulary.ledger import JobKind, JobState, Outcome, RawFault, Reason, Stage
from reports.vocabulary.organisation import DomainKind, Role
from reports.vocabulary.places import Channel, MailboxFault, MailboxStep, PlaceKind
from reports.vocabulary.repairs import RepairCode

__all__ = [
    "Channel",
    "Confidence",
    "Disposition",
    "DomainKind",
    "JobKind",
    "JobState",
    "Kind",
    "Lens",
    "MailboxFault",
    "MailboxStep",
    "Outcome",
    "PlaceKind",
    "RawFault",
    "Reason",
    "RepairCode",
    "Role",
    "SenderCheck",
    "SenderReason",
    "SourceVerdict",
    "Stage",
    "Why",
]
