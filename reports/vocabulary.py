"""The words of the reports side: plain enumerations, no Django, no translations (those are made at the edge)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a report is (RFC 9990, RFC 9991, RFC 8460)."""

    AGGREGATE = "aggregate"
    FAILURE = "failure"
    TLS = "tls"


class Outcome(StrEnum):
    """How a message ended. PARTIAL: at least one report was stored, and something beside it was lost or rejected."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_A_REPORT = "not_a_report"


class Lens(StrEnum):
    """Whose mail a row speaks of; never mixed in one number."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class Disposition(StrEnum):
    """What the receiver did (RFC 9990 section 3.1.1.9). PASS is RFC 9990's word for none under an enforcing policy."""

    NONE = "none"
    PASS = "pass"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class Channel(StrEnum):
    """The way by which a message came in."""

    IMAP = "imap"
    UPLOAD = "upload"
    FILE = "file"
    DEMO = "demo"


class Role(StrEnum):
    """What a person may do in one organisation; the matrix is docs/roles.md."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class DomainKind(StrEnum):
    """Own domains are reported about; partners are named by an administrator; FOREIGN stands for all others."""

    OWN = "own"
    PARTNER = "partner"
    FOREIGN = "foreign"


class Reason(StrEnum):
    """Why something was not used. Each has a sentence in reports.templatetags; parameters in braces there."""

    EMPTY = "empty"
    NO_REPORT_FOUND = "no_report_found"
    ABUSE_COMPLAINT = "abuse_complaint"
    PLACEHOLDER = "placeholder"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too_large"
    RATIO_TOO_HIGH = "ratio_too_high"
    TOO_MANY_MEMBERS = "too_many_members"
    TOO_DEEP = "too_deep"
    DAMAGED_ARCHIVE = "damaged_archive"
    DAMAGED_MAIL = "damaged_mail"
    NOT_XML = "not_xml"
    NOT_JSON = "not_json"
    DOCTYPE_ENTITIES = "doctype_entities"
    NOT_AGGREGATE = "not_aggregate"
    NO_DOMAIN = "no_domain"
    NO_PERIOD = "no_period"
    NO_REPORTER = "no_reporter"
    BAD_SOURCE_IP = "bad_source_ip"
    BAD_COUNT = "bad_count"
    ROW_WITHOUT_CONTENT = "row_without_content"
    ROWS_REJECTED = "rows_rejected"
    FAILURE_UNREADABLE = "failure_unreadable"
    TLS_NOT_STORED = "tls_not_stored"
    READER_FAILED = "reader_failed"
