"""What each `reports.vocabulary.RepairCode` means: how the report deviated from its RFC, and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.vocabulary import RepairCode

_WORDS: Mapping[str, str | Promise] = {
    RepairCode.ARCHIVE_TRUNCATED: _("The archive breaks off; what could be unpacked was read."),
    RepairCode.ARCHIVE_CHECKSUM: _("The archive's checksum does not fit its content; the content was read all the same."),
    RepairCode.ARCHIVE_TRAILING: _("Something follows the end of the archive; it was left out."),
    RepairCode.ARCHIVE_SALVAGED: _("The archive is damaged; the report was recovered from what is left of it."),
    RepairCode.BASE64_DAMAGED: _("The base64 text of the attachment is damaged; the readable rest was used."),
    RepairCode.IN_BODY_TEXT: _("The report stood in the text of the mail instead of an attachment."),
    RepairCode.BYTE_ORDER_MARK: _("A byte order mark gave another encoding than the XML declaration; the mark was believed."),
    RepairCode.ENCODING_CONVERTED: _("The declared encoding is one that XML parsers do not know; the text was converted."),
    RepairCode.ENCODING_GUESSED: _("The declared encoding does not fit the text; another one was guessed."),
    RepairCode.TEXT_BEFORE_XML: _("Text stands before the XML; it was left out."),
    RepairCode.DOCTYPE_IGNORED: _("A document type declaration was ignored."),
    RepairCode.UNDECLARED_PREFIX: _("An XML prefix is used without being declared; it was declared here."),
    RepairCode.ROOT_MISSING: _("The root element is missing; it was put around the rest."),
    RepairCode.CONTROL_CHARACTERS: _("Characters that XML forbids were left out."),
    RepairCode.BARE_AMPERSAND: _("An & is not escaped; it was read as the character itself."),
    RepairCode.BARE_ADDRESS: _("An address in angle brackets is not escaped; it was read as text."),
    RepairCode.BARE_LESS_THAN: _("A < is not escaped; it was read as the character itself."),
    RepairCode.CLOSE_TAG: _("An end tag is misspelt; it was put right."),
    RepairCode.XML_TRUNCATED: _("The XML breaks off; every whole record before the break was read."),
    RepairCode.XML_RECOVERED: _("The XML is not well-formed; what could be made out of it was read."),
    RepairCode.OLD_SHAPE: _("An element has the name of an old draft; it was read as today's."),
    RepairCode.REPEATED_ELEMENT: _("An element that may stand once is repeated; the first one counts."),
    RepairCode.EXTENSION_SKIPPED: _("An unknown element was skipped."),
    RepairCode.DOMAIN_ASSUMED: _("The report names no usable domain; it was taken from the file name, the subject or the records."),
    RepairCode.PERIOD_ASSUMED: _("An end of the period is missing; it was taken from the file name or the other end."),
    RepairCode.PERIOD_REWRITTEN: _("A time is not in epoch seconds; it was converted."),
    RepairCode.PERIOD_SWAPPED: _("The period ends before it begins; both ends were swapped."),
    RepairCode.ORG_NAME_ASSUMED: _("The reporter gives no name; one was taken from its address or its mail."),
    RepairCode.EMAIL_MISSING: _("The reporter gives no usable e-mail address."),
    RepairCode.REPORT_ID_MISSING: _("The report has no usable id."),
    RepairCode.POLICY_MISSING: _("The report does not say which policy it found."),
    RepairCode.NO_RECORDS: _("The report has no record; the RFC asks for at least one."),
    RepairCode.ADDRESS_REWRITTEN: _("A source address is written in an unusual way; it was brought into the usual form."),
    RepairCode.COUNT_REWRITTEN: _("A number of messages is written in an unusual way; it was read as the number it means."),
    RepairCode.DOMAIN_REWRITTEN: _("A domain is written in an unusual way; it was brought into the usual form."),
    RepairCode.DOMAIN_INVALID: _("What should be a domain is none; it was kept as text."),
    RepairCode.HEADER_FROM_ASSUMED: _("Records name no From domain; the domain of the report was taken."),
    RepairCode.VERDICT_MISSING: _("A verdict is missing; it was taken for none at all, not for a pass."),
    RepairCode.VERDICT_REWRITTEN: _("A verdict is neither pass nor fail; it was counted as fail."),
    RepairCode.WORD_REWRITTEN: _("A result is spelt in an unusual way; it was read as the word it means."),
    RepairCode.WORD_UNKNOWN: _("A result is no word of the RFC; it was kept as it is."),
    RepairCode.REASON_REWRITTEN: _("A reason for an override lacks its parts; its text was kept."),
    RepairCode.EMPTY_DROPPED: _("An empty element was left out."),
    RepairCode.TEXT_CUT: _("A text is longer than any real one; it was cut."),
    RepairCode.MORE_REPAIRS: _("More deviations than are listed here were mended."),
    RepairCode.FROM_PARSEDMARC: _("The report was rebuilt from what parsedmarc kept of it; missing selectors, scopes, envelope senders and parts of the policy hold what parsedmarc put there."),
    RepairCode.DOMAIN_BEYOND_LIMIT: _("So many unconfirmed domains are known already that this one got no place of its own; an administrator can name it on the page Domains."),
    RepairCode.FEEDBACK_PART_MISSING: _("The part with the facts is missing; they were taken from the text of the mail."),
    RepairCode.SAMPLE_MISSING: _("The reporter sent no sample of the message."),
    RepairCode.SAMPLE_READ_PLAINLY: _("The sample is no proper mail; only its plain header fields were read."),
    RepairCode.SOURCE_IP_MISSING: _("The report names no source address."),
    RepairCode.SOURCE_IP_ASSUMED: _("The report names no usable source address; it was taken from the sample's Received field."),
    RepairCode.ARRIVAL_DATE_ASSUMED: _("The report does not say when the message arrived; the time of the report mail was taken."),
    RepairCode.AUTH_FAILURE_MISSING: _("The report does not say which kind of failure it is about."),
    RepairCode.IDENTITY_ALIGNMENT_MISSING: _("The report does not say which mechanisms failed to align."),
    RepairCode.REPORTED_DOMAIN_ASSUMED: _("The report names no usable domain; it was taken from the sample."),
    RepairCode.TAKEN_FROM_RESULTS: _("A field is missing; its value was taken from the receiver's authentication results."),
    RepairCode.REPEATED_FIELD: _("A field that may stand once is repeated; the first one counts."),
    RepairCode.JSON_ENCODING: _("The JSON text is not plain UTF-8; it was converted."),
    RepairCode.TEXT_AFTER_JSON: _("Something follows the end of the JSON text; it was left out."),
    RepairCode.NO_JSON_NUMBER: _("A value such as NaN is no JSON; it was taken for null."),
    RepairCode.KEY_REWRITTEN: _("A key is not spelt as in the RFC; it was read as the one it means."),
    RepairCode.REPEATED_KEY: _("A key is repeated; the first one counts."),
    RepairCode.LIST_ASSUMED: _("A list was expected, and something else was sent; it was read as a list."),
    RepairCode.BEYOND_LIMIT: _("There are more entries than any real report has; those beyond the limit were left out."),
    RepairCode.CONTACT_INFO_MISSING: _("The reporter gives no contact."),
    RepairCode.DATE_REWRITTEN: _("A time is not written as RFC 3339 in UTC; it was converted."),
    RepairCode.NO_POLICIES: _("The report names no policy, and so no sessions."),
    RepairCode.POLICY_DOMAIN_ASSUMED: _("A policy names no domain; the one that the mail or the file name gives was taken."),
    RepairCode.POLICY_DOMAIN_MISSING: _("A policy names no domain, and nothing else does."),
    RepairCode.SESSIONS_ASSUMED: _("A number of sessions is missing; successful ones were taken for none, failed ones were added up from the details."),
    RepairCode.SESSIONS_REWRITTEN: _("A number of sessions is not written as a number; it was read as the number it means."),
    RepairCode.SESSIONS_INVALID: _("A failure detail has no usable number of sessions; it was kept and counted as none."),
    RepairCode.DETAIL_WITHOUT_CONTENT: _("A failure detail holds nothing that can be read."),
    RepairCode.MTA_ADDRESS_REWRITTEN: _("An address of a mail server is written in an unusual way; it was brought into the usual form."),
    RepairCode.MTA_ADDRESS_INVALID: _("What should be an address of a mail server is none; it was left out."),
}  # fmt: skip


def repair_sentence(code: str) -> str:
    """The sentence of a code; an unknown one stands for itself."""
    return str(_WORDS.get(code, code))
