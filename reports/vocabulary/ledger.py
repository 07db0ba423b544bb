"""How messages end, on which way, and how long work goes."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a message ended. PARTIAL: at least one report was stored, and something beside it was lost or rejected."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_A_REPORT = "not_a_report"


class Reason(StrEnum):
    """Why something was not used. Each has a sentence in reports.templatetags; parameters in braces there."""

    EMPTY = "empty"
    NO_REPORT_FOUND = "no_report_found"
    ABUSE_COMPLAINT = "abuse_complaint"
    BOUNCE = "bounce"
    HTML_PAGE = "html_page"
    IMAGE = "image"
    OTHER_XML = "other_xml"
    OTHER_JSON = "other_json"
    PLACEHOLDER = "placeholder"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too_large"
    RATIO_TOO_HIGH = "ratio_too_high"
    TOO_MANY_MEMBERS = "too_many_members"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_DEEP = "too_deep"
    TOO_MANY_ELEMENTS = "too_many_elements"
    DAMAGED_ARCHIVE = "damaged_archive"
    UNSUPPORTED_ARCHIVE = "unsupported_archive"
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
    ROW_TRUNCATED = "row_truncated"
    ROW_BROKEN = "row_broken"
    ROWS_REJECTED = "rows_rejected"
    REPORT_TRUNCATED = "report_truncated"
    FAILURE_UNREADABLE = "failure_unreadable"
    POLICY_WITHOUT_CONTENT = "policy_without_content"
    BAD_SESSIONS = "bad_sessions"
    POLICIES_REJECTED = "policies_rejected"
    READER_FAILED = "reader_failed"
    STORED_BEFORE = "stored_before"
    FILE_UNREADABLE = "file_unreadable"

    @property
    def is_no_report(self) -> bool:
        """True where the content is simply something else than a report, so that nothing was refused or lost."""
        return self in _NO_REPORT


_NO_REPORT = frozenset(
    {
        Reason.NO_REPORT_FOUND,
        Reason.ABUSE_COMPLAINT,
        Reason.BOUNCE,
        Reason.HTML_PAGE,
        Reason.IMAGE,
        Reason.OTHER_XML,
        Reason.OTHER_JSON,
        Reason.NOT_AGGREGATE,
    }
)


class Stage(StrEnum):
    """The way of a report, in its order, as the Ingestion page shows it."""

    FETCH = "fetch"
    READ = "read"
    STORE = "store"
    ACKNOWLEDGE = "acknowledge"
    FILTER = "filter"


class JobKind(StrEnum):
    """Long work that a person starts, follows and may end."""

    REREAD = "reread"
    IMPORT = "import"
    UPLOAD = "upload"


class JobState(StrEnum):
    """Where such work stands. Only WAITING and RUNNING go on."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RawFault(StrEnum):
    """Why the bucket that holds the bytes of mails does not do what it is asked (docs/raw-store.md says what to do)."""

    UNREACHABLE = "unreachable"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CREDENTIALS = "credentials"
    ACCESS_DENIED = "access_denied"
    BUCKET_MISSING = "bucket_missing"
    BUCKET_NOT_NAMED = "bucket_not_named"
    STORE_REFUSED = "store_refused"
    OTHER_INSTALLATION = "other_installation"
