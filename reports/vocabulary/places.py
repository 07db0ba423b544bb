"""Where reports arrive, and what can go wrong there."""

from __future__ import annotations

from enum import StrEnum


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
    RAW_STORE_AWAY = "raw_store_away"
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
