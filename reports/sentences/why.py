"""The signs behind a verdict as short facts, for chips and table cells."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.vocabulary import Why

_WORDS: dict[str, str | Promise] = {
    Why.BOTH_ALIGNED: _("SPF and DKIM pass and align"),
    Why.DKIM_ALIGNED_ALONE: _("DKIM aligns, SPF does not"),
    Why.SPF_ALIGNED_ALONE: _("SPF aligns, DKIM does not: it will break when forwarded"),
    Why.REPORTER_SAYS_FORWARDED: _("the receiver says that it was forwarded"),
    Why.REPORTER_SAYS_LIST: _("the receiver says that it came through a mailing list"),
    Why.ARC_PASSED: _("a relay vouches for it (ARC)"),
    Why.REWRITTEN_ENVELOPE: _("a forwarder has rewritten the envelope"),
    Why.OUR_SIGNATURE_BROKEN: _("a signature of the From domain is there and broken"),
    Why.STRICT_ALIGNMENT: _("passes for a related domain, which strict alignment refuses"),
    Why.DNS_TROUBLE: _("the lookup of keys or SPF failed"),
    Why.DKIM_FOR_ANOTHER: _("DKIM passes for another domain"),
    Why.SPF_FOR_ANOTHER: _("SPF passes for another domain"),
    Why.SAME_SERVICE: _("signer and envelope belong together"),
    Why.SPF_REFUSES: _("the domain's SPF record refuses this address"),
    Why.NOTHING_PASSED: _("neither SPF nor DKIM passes for anybody"),
    Why.NO_RESULTS: _("the reporter sent no results"),
}


def why_fact(code: str) -> str:
    """The fact of a code; an unknown one stands for itself."""
    return str(_WORDS.get(code, code))
