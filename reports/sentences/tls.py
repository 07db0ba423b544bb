"""What the words of TLS reports (RFC 8460 sections 4.2 and 4.3) mean for people."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_RESULTS: Mapping[str, str | Promise] = {
    "starttls-not-supported": _("The receiving server did not offer STARTTLS."),
    "certificate-host-mismatch": _("The certificate is for another host name."),
    "certificate-expired": _("The certificate has expired. Renew it."),
    "certificate-not-trusted": _("The sender does not trust who issued the certificate."),
    "validation-failure": _("Some other check failed; the report's code may say which."),
    "tlsa-invalid": _("The TLSA record is not valid, or no certificate fits it."),
    "dnssec-invalid": _("DNSSEC records of the receiving domain are not valid."),
    "dane-required": _("The sender demands DANE, and no valid TLSA record was found."),
    "sts-policy-fetch-error": _("The MTA-STS policy could not be fetched over HTTPS."),
    "sts-policy-invalid": _("The MTA-STS policy was fetched and is not valid."),
    "sts-webpki-invalid": _("The MTA-STS policy's host has no valid certificate."),
}
_POLICIES: Mapping[str, str | Promise] = {
    "sts": _("MTA-STS"),
    "tlsa": _("DANE (TLSA)"),
    "no-policy-found": _("No policy found"),
}


def result_sentence(code: str) -> str:
    """What went wrong; an unknown type has no words of its own."""
    return str(_RESULTS.get(code, _("The reporter's own word; the RFC does not know it.")))


def policy_words(code: str) -> str:
    """The kind of policy; an unknown one stands for itself."""
    return str(_POLICIES.get(code, code or "–"))
