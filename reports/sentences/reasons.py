"""What each `reports.vocabulary.Reason` means for people, and what they can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.vocabulary import Reason

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """A problem in words: what it means, and the next step."""

    meaning: str
    advice: str


_NOTHING = _("Nothing needs to be done.")
_ASK_AGAIN = _("Ask the reporter to send it again, or upload an undamaged copy.")
_UNPACK = _("Unpack it yourself and upload the report inside.")
_REPORTER_BUG = _("Tell the reporter: their software writes reports that nobody can read.")

_WORDS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    Reason.EMPTY: (_("It is empty."), _ASK_AGAIN),
    Reason.NO_REPORT_FOUND: (_("No report is in it."), _NOTHING),
    Reason.ABUSE_COMPLAINT: (
        _("It is a complaint about unwanted mail, not a DMARC report."),
        _("Forward it to whoever handles abuse complaints."),
    ),
    Reason.BOUNCE: (
        _("It is a notice that a mail could not be delivered, not a report."),
        _("Look at the address to which that mail was sent."),
    ),
    Reason.HTML_PAGE: (
        _("It is a web page, not a report; often a login page saved instead of the file."),
        _("Download the report once more while logged in."),
    ),
    Reason.IMAGE: (_("It is a picture, not a report."), _NOTHING),
    Reason.OTHER_XML: (_("It is XML, but no DMARC report."), _NOTHING),
    Reason.OTHER_JSON: (_("It is JSON, but no report of a known kind."), _NOTHING),
    Reason.PLACEHOLDER: (
        _("A mail filter on the way took the report out and left a note in its place."),
        _("Let report mail pass that filter with its attachments, and ask for the report again."),
    ),
    Reason.ENCRYPTED: (
        _("It is encrypted, and no key for it is known here."),
        _("Decrypt it and upload the result, or ask the reporter to send it unencrypted."),
    ),
    Reason.TOO_LARGE: (_("It holds more than %(size)s when unpacked."), _UNPACK),
    Reason.RATIO_TOO_HIGH: (
        _("It unpacks to more than %(limit)s times its size, as only a trap does."),
        _("Delete it, unless you know the sender; then unpack it yourself and upload the report inside."),
    ),
    Reason.TOO_MANY_MEMBERS: (_("The archive holds more than %(limit)s files."), _UNPACK),
    Reason.TOO_MANY_PARTS: (_("It has more than %(limit)s parts."), _UNPACK),
    Reason.TOO_DEEP: (_("Its parts are packed into one another too deeply."), _UNPACK),
    Reason.TOO_MANY_ELEMENTS: (
        _("It has more or larger records than any reporter writes; it was not read further."),
        _("Delete it, unless you know the sender."),
    ),
    Reason.DAMAGED_ARCHIVE: (_("The archive is damaged."), _ASK_AGAIN),
    Reason.UNSUPPORTED_ARCHIVE: (_("The archive is of a kind that is not unpacked here."), _UNPACK),
    Reason.DAMAGED_MAIL: (_("The mail is too damaged to be taken apart."), _ASK_AGAIN),
    Reason.NOT_XML: (_("It was sent as an aggregate report, but is no XML."), _REPORTER_BUG),
    Reason.NOT_JSON: (_("It was sent as a TLS report, but is no JSON."), _REPORTER_BUG),
    Reason.DOCTYPE_ENTITIES: (
        _("It defines XML entities, which no report needs and attacks use; it was not read further."),
        _("Delete it, unless you know the sender."),
    ),
    Reason.NOT_AGGREGATE: (_("It is XML, but lacks the root element of an aggregate report."), _REPORTER_BUG),
    Reason.NO_DOMAIN: (_("The report does not say which domain it is about."), _REPORTER_BUG),
    Reason.NO_PERIOD: (_("The report does not say which time it covers."), _REPORTER_BUG),
    Reason.NO_REPORTER: (_("The report does not say who made it."), _REPORTER_BUG),
    Reason.BAD_SOURCE_IP: (_("The record has no usable source address, so it was not counted."), _REPORTER_BUG),
    Reason.BAD_COUNT: (_("The record has no usable number of messages, so it was not counted."), _REPORTER_BUG),
    Reason.ROW_WITHOUT_CONTENT: (_("The record is empty, so there was nothing to count."), _REPORTER_BUG),
    Reason.ROW_TRUNCATED: (_("The report breaks off within this record, so it was not counted."), _ASK_AGAIN),
    Reason.ROW_BROKEN: (_("The XML of the record is broken, so that nobody can tell what it says; it was not counted."), _REPORTER_BUG),
    Reason.ROWS_REJECTED: (
        _("Records that could not be counted: %(rows)s. All others were stored."),
        _("The page of the report shows them with their text."),
    ),
    Reason.REPORT_TRUNCATED: (
        _("The report breaks off before its end. Only whole records before the break can be counted."),
        _ASK_AGAIN,
    ),
    Reason.FAILURE_UNREADABLE: (
        _("It says that it is a failure report, but the part with the facts is missing."),
        _REPORTER_BUG,
    ),
    Reason.POLICY_WITHOUT_CONTENT: (_("The policy holds nothing that a TLS report needs, so it was not counted."), _REPORTER_BUG),
    Reason.BAD_SESSIONS: (_("The policy has no usable number of sessions, so it was not counted."), _REPORTER_BUG),
    Reason.POLICIES_REJECTED: (
        _("%(policies)s policies of a TLS report could not be counted. The others are stored."),
        _("Open the report; each of them stands there with its text and the reason."),
    ),
    Reason.READER_FAILED: (
        _("Reading it failed several times because of a fault in this software."),
        _("It is kept as it came: try again after an update, and if it fails again, please report the fault."),
    ),
    Reason.STORED_BEFORE: (_("Every report in it is stored already; nothing was counted twice."), _NOTHING),
    Reason.FILE_UNREADABLE: (
        _("The file could not be opened (%(error)s)."),
        _("Check the file and its permissions, and try again."),
    ),
}  # fmt: skip


def explain(code: str, params: Mapping[str, str] | None = None) -> Explanation:
    """The words for a code; an unknown one stands for itself, so that nothing is hidden. Texts are not escaped."""
    words = _WORDS.get(code)
    if words is None:
        return Explanation(code, "")
    meaning, advice = words
    return Explanation(str(meaning) % _Filling(params or {}), str(advice))


class _Filling(dict[str, str]):
    """Parameters as a sentence takes them: a limit in bytes also as "size", and a dash for what is missing."""

    def __missing__(self, name: str) -> str:
        limit = self.get("limit", "")
        if name == "size" and limit.isdecimal():
            return f"{int(limit) // MIB} MiB"
        return "–"
