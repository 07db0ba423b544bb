"""Who sent a report mail, as a sentence, and what was found when that was asked."""

from __future__ import annotations

from django.utils.translation import gettext as _

from reports.models import Message
from reports.vocabulary import SenderReason


def sender_sentence(message: Message) -> str:
    """Whether the From domain is proven, by whom, or why not; a message that was not asked about yet says so."""
    facts = {"domain": message.sender_domain, "by": message.sender_by}
    sentence = {
        "": _("It was not asked yet who sent it."),
        SenderReason.SERVER_VOUCHES: _("The server %(by)s vouches that it comes from %(domain)s."),
        SenderReason.SIGNATURE_HOLDS: _("A DKIM signature of %(by)s proves that it comes from %(domain)s."),
        SenderReason.SIGNATURE_BROKEN: _("The DKIM signature of %(by)s does not fit the mail: anybody may have sent it."),
        SenderReason.SIGNATURE_EXPIRED: _("The DKIM signature of %(by)s had run out when the mail came in."),
        SenderReason.SIGNATURE_OF_PART: _("The DKIM signature of %(by)s covers a part of the text only, which proves nothing."),
        SenderReason.SIGNATURE_TOO_WEAK: _("The DKIM signature of %(by)s is too weak: a key below 1,024 bits, or SHA-1."),
        SenderReason.ALGORITHM_UNKNOWN: _("The DKIM signature of %(by)s cannot be checked here: its algorithm is not known."),
        SenderReason.KEY_MISSING: _("The key of the DKIM signature of %(by)s is not in the DNS."),
        SenderReason.DNS_SILENT: _("The name server that holds the key of %(by)s does not answer; it is asked again."),
        SenderReason.OTHER_SIGNATURES: _("Only others than %(domain)s signed it: anybody may have sent it."),
        SenderReason.NO_SIGNATURE: _("Nothing proves that it comes from %(domain)s: anybody may have sent it."),
        SenderReason.NO_AUTHOR: _("It names no author."),
        SenderReason.SEVERAL_AUTHORS: _("It names several authors, as no proper report mail does."),
        SenderReason.HEAD_DAMAGED: _("Its head is damaged, so that nothing can be proven."),
        SenderReason.PASSED_ON: _("It comes from %(domain)s, and passes another mail on, which anybody may have written."),
        SenderReason.NOT_A_MAIL: _("It is a file without a mail around it: nothing says who made it."),
        SenderReason.BYTES_GONE: _("Its bytes are no longer there to be checked."),
    }.get(message.sender_reason, message.sender_reason)  # fmt: skip
    return sentence % facts
