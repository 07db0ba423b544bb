"""Typed errors of the reports side: a code and parameters, never a sentence (those are made at the edge)."""

from __future__ import annotations


class ReportError(Exception):
    """Something about a report could not be done. `code` is a word of `reports.vocabulary`, `params` fill its sentence."""

    def __init__(self, code: str, params: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{key}={value}" for key, value in self.params)])


class Unreadable(ReportError):
    """A payload that no reader can make a report of; `code` is a `reports.vocabulary.Reason`."""


class LimitExceeded(ReportError):
    """Extraction stopped at one of its limits; `code` is a `reports.vocabulary.Reason`."""


class MailboxError(ReportError):
    """A mailbox could not be visited; `code` is a `reports.vocabulary.MailboxFault`. The next visit may go well."""


class MailboxMisconfigured(MailboxError):
    """The same, until somebody changes the mailbox or its server."""


class MailboxBusy(MailboxError):
    """The provider puts everybody off, and asks not to be asked again before `seconds` have passed (0: it names no time)."""

    def __init__(self, code: str, params: tuple[tuple[str, str], ...] = (), *, seconds: float = 0.0) -> None:
        super().__init__(code, params)
        self.seconds = seconds


class InboundRefused(ReportError):
    """What a filter node sent is not what it may send, and nothing of it was stored."""


class RawStoreError(ReportError):
    """The bucket that holds the bytes of mails does not do what it is asked just now; `code` is a RawFault.

    Nothing was lost: whoever brought bytes still has them, and what lies in the bucket lies there. The same may go well later.
    """
