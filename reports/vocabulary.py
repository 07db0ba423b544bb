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


class SourceVerdict(StrEnum):
    """What a row most likely is. ALIGNED passed DMARC; the others failed, and are told apart by what did pass."""

    ALIGNED = "aligned"
    FORWARDER = "forwarder"
    FIXABLE = "fixable"
    SUSPICIOUS = "suspicious"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """A sign that led to a `SourceVerdict`. Each has a sentence in reports.templatetags."""

    BOTH_ALIGNED = "both_aligned"
    DKIM_ALIGNED_ALONE = "dkim_aligned_alone"
    SPF_ALIGNED_ALONE = "spf_aligned_alone"
    REPORTER_SAYS_FORWARDED = "reporter_says_forwarded"
    REPORTER_SAYS_LIST = "reporter_says_list"
    ARC_PASSED = "arc_passed"
    REWRITTEN_ENVELOPE = "rewritten_envelope"
    OUR_SIGNATURE_BROKEN = "our_signature_broken"
    STRICT_ALIGNMENT = "strict_alignment"
    DNS_TROUBLE = "dns_trouble"
    DKIM_FOR_ANOTHER = "dkim_for_another"
    SPF_FOR_ANOTHER = "spf_for_another"
    SAME_SERVICE = "same_service"
    SPF_REFUSES = "spf_refuses"
    NOTHING_PASSED = "nothing_passed"
    NO_RESULTS = "no_results"


class Confidence(StrEnum):
    """How sure a `SourceVerdict` is: it is always a guess, and shown as one."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Disposition(StrEnum):
    """What the receiver did (RFC 9990 section 3.1.1.9). PASS is RFC 9990's word for none under an enforcing policy."""

    NONE = "none"
    PASS = "pass"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class PlaceKind(StrEnum):
    """The kinds of places that are visited because reports arrive there (reports.ingest.places)."""

    IMAP = "imap"
    MAILDIR = "maildir"
    MBOX = "mbox"
    FOLDER = "folder"
    S3 = "s3"
    GRAPH = "graph"
    GMAIL = "gmail"


class Channel(StrEnum):
    """The way by which a message came in. What a visit brings has the PlaceKind of its mailbox."""

    IMAP = "imap"
    MAILDIR = "maildir"
    MBOX = "mbox"
    FOLDER = "folder"
    S3 = "s3"
    GRAPH = "graph"
    GMAIL = "gmail"
    UPLOAD = "upload"
    FILE = "file"
    API = "api"
    PIPE = "pipe"
    LMTP = "lmtp"
    HTTPS = "https"
    PARSEDMARC = "parsedmarc"
    DEMO = "demo"


class SenderCheck(StrEnum):
    """Whether a report mail was proven to come from its From domain. UNKNOWN: there is no evidence either way."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"


class SenderReason(StrEnum):
    """What led to a `SenderCheck`. Each has a sentence in reports.sentences.senders."""

    SERVER_VOUCHES = "server_vouches"
    SIGNATURE_HOLDS = "signature_holds"
    SIGNATURE_BROKEN = "signature_broken"
    SIGNATURE_EXPIRED = "signature_expired"
    SIGNATURE_OF_PART = "signature_of_part"
    SIGNATURE_TOO_WEAK = "signature_too_weak"
    ALGORITHM_UNKNOWN = "algorithm_unknown"
    KEY_MISSING = "key_missing"
    DNS_SILENT = "dns_silent"
    OTHER_SIGNATURES = "other_signatures"
    NO_SIGNATURE = "no_signature"
    NO_AUTHOR = "no_author"
    SEVERAL_AUTHORS = "several_authors"
    HEAD_DAMAGED = "head_damaged"
    NOT_A_MAIL = "not_a_mail"
    BYTES_GONE = "bytes_gone"

    @property
    def may_pass(self) -> bool:
        """True where asking again later may tell more."""
        return self == SenderReason.DNS_SILENT


class JobKind(StrEnum):
    """Long work that a person starts, follows and may end."""

    REREAD = "reread"
    IMPORT = "import"


class JobState(StrEnum):
    """Where such work stands. Only WAITING and RUNNING go on."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


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


class MailboxFault(StrEnum):
    """Why a mailbox could not be visited. Each has a sentence in reports.templatetags that says what to do."""

    NAME_UNKNOWN = "name_unknown"
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_UNREADABLE = "certificate_unreadable"
    TLS_FAILED = "tls_failed"
    STARTTLS_MISSING = "starttls_missing"
    NOT_IMAP = "not_imap"
    LOGIN_REFUSED = "login_refused"
    SECRET_UNREADABLE = "secret_unreadable"
    SETTINGS_UNREADABLE = "settings_unreadable"
    ITEM_UNREADABLE = "item_unreadable"
    LOCAL_OFF = "local_off"
    PATH_OUTSIDE = "path_outside"
    PATH_MISSING = "path_missing"
    PATH_FORBIDDEN = "path_forbidden"
    PATH_FAILED = "path_failed"
    NOT_A_MAILDIR = "not_a_maildir"
    FILE_LOCKED = "file_locked"
    BUCKET_MISSING = "bucket_missing"
    KEY_REFUSED = "key_refused"
    ACCESS_DENIED = "access_denied"
    SIGN_IN_MISSING = "sign_in_missing"
    SIGN_IN_ENDED = "sign_in_ended"
    SIGN_IN_EXPIRED = "sign_in_expired"
    SIGN_IN_DENIED = "sign_in_denied"
    SIGN_IN_REFUSED = "sign_in_refused"
    CLIENT_REFUSED = "client_refused"
    SCOPE_REFUSED = "scope_refused"
    TOKEN_REFUSED = "token_refused"
    PROVIDER_BUSY = "provider_busy"
    FOLDER_MISSING = "folder_missing"
    FOLDER_READ_ONLY = "folder_read_only"
    MOVE_UNSUPPORTED = "move_unsupported"
    SERVER_REFUSED = "server_refused"
    CONNECTION_LOST = "connection_lost"


class MailboxStep(StrEnum):
    """The steps to a place; which of them there are, and in which order, each kind of place says."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    LOGIN = "login"
    ALLOWED = "allowed"
    BUCKET = "bucket"
    FOLDER = "folder"
    COUNT = "count"


class Stage(StrEnum):
    """The way of a report, in its order, as the Ingestion page shows it."""

    FETCH = "fetch"
    READ = "read"
    STORE = "store"
    ACKNOWLEDGE = "acknowledge"
    FILTER = "filter"


class RepairCode(StrEnum):
    """A deviation from the RFC that was mended on reading. Each has a sentence in reports.templatetags."""

    # The container
    ARCHIVE_TRUNCATED = "archive_truncated"
    ARCHIVE_CHECKSUM = "archive_checksum"
    ARCHIVE_TRAILING = "archive_trailing"
    ARCHIVE_SALVAGED = "archive_salvaged"
    BASE64_DAMAGED = "base64_damaged"
    IN_BODY_TEXT = "in_body_text"
    # The XML text
    BYTE_ORDER_MARK = "byte_order_mark"
    ENCODING_CONVERTED = "encoding_converted"
    ENCODING_GUESSED = "encoding_guessed"
    TEXT_BEFORE_XML = "text_before_xml"
    DOCTYPE_IGNORED = "doctype_ignored"
    UNDECLARED_PREFIX = "undeclared_prefix"
    ROOT_MISSING = "root_missing"
    CONTROL_CHARACTERS = "control_characters"
    BARE_AMPERSAND = "bare_ampersand"
    BARE_ADDRESS = "bare_address"
    CLOSE_TAG = "close_tag"
    XML_TRUNCATED = "xml_truncated"
    XML_RECOVERED = "xml_recovered"
    # The head
    OLD_SHAPE = "old_shape"
    REPEATED_ELEMENT = "repeated_element"
    EXTENSION_SKIPPED = "extension_skipped"
    DOMAIN_ASSUMED = "domain_assumed"
    PERIOD_ASSUMED = "period_assumed"
    PERIOD_REWRITTEN = "period_rewritten"
    PERIOD_SWAPPED = "period_swapped"
    ORG_NAME_ASSUMED = "org_name_assumed"
    EMAIL_MISSING = "email_missing"
    REPORT_ID_MISSING = "report_id_missing"
    POLICY_MISSING = "policy_missing"
    NO_RECORDS = "no_records"
    # Rows
    ADDRESS_REWRITTEN = "address_rewritten"
    COUNT_REWRITTEN = "count_rewritten"
    DOMAIN_REWRITTEN = "domain_rewritten"
    DOMAIN_INVALID = "domain_invalid"
    HEADER_FROM_ASSUMED = "header_from_assumed"
    VERDICT_MISSING = "verdict_missing"
    VERDICT_REWRITTEN = "verdict_rewritten"
    WORD_REWRITTEN = "word_rewritten"
    WORD_UNKNOWN = "word_unknown"
    REASON_REWRITTEN = "reason_rewritten"
    EMPTY_DROPPED = "empty_dropped"
    TEXT_CUT = "text_cut"
    MORE_REPAIRS = "more_repairs"
    FROM_PARSEDMARC = "from_parsedmarc"
    DOMAIN_BEYOND_LIMIT = "domain_beyond_limit"
    # Failure reports
    FEEDBACK_PART_MISSING = "feedback_part_missing"
    SAMPLE_MISSING = "sample_missing"
    SAMPLE_READ_PLAINLY = "sample_read_plainly"
    SOURCE_IP_MISSING = "source_ip_missing"
    SOURCE_IP_ASSUMED = "source_ip_assumed"
    ARRIVAL_DATE_ASSUMED = "arrival_date_assumed"
    AUTH_FAILURE_MISSING = "auth_failure_missing"
    IDENTITY_ALIGNMENT_MISSING = "identity_alignment_missing"
    REPORTED_DOMAIN_ASSUMED = "reported_domain_assumed"
    REPEATED_FIELD = "repeated_field"
    # TLS reports
    JSON_ENCODING = "json_encoding"
    TEXT_AFTER_JSON = "text_after_json"
    NO_JSON_NUMBER = "no_json_number"
    KEY_REWRITTEN = "key_rewritten"
    REPEATED_KEY = "repeated_key"
    LIST_ASSUMED = "list_assumed"
    BEYOND_LIMIT = "beyond_limit"
    CONTACT_INFO_MISSING = "contact_info_missing"
    DATE_REWRITTEN = "date_rewritten"
    NO_POLICIES = "no_policies"
    POLICY_DOMAIN_ASSUMED = "policy_domain_assumed"
    POLICY_DOMAIN_MISSING = "policy_domain_missing"
    SESSIONS_ASSUMED = "sessions_assumed"
    SESSIONS_REWRITTEN = "sessions_rewritten"
    SESSIONS_INVALID = "sessions_invalid"
    DETAIL_WITHOUT_CONTENT = "detail_without_content"
    MTA_ADDRESS_REWRITTEN = "mta_address_rewritten"
    MTA_ADDRESS_INVALID = "mta_address_invalid"
