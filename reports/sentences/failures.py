"""The words of failure reports (RFC 6591, RFC 9991) as sentences about what the receiver said."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def auth_failure_sentence(word: str) -> str:
    """What kind of failure the receiver reports; an unknown word stands for itself."""
    return {
        "dmarc": _("The message failed DMARC."),
        "spf": _("SPF failed."),
        "signature": _("A DKIM signature did not verify."),
        "bodyhash": _("A DKIM signature did not fit the body: the text was changed on the way."),
        "revoked": _("A DKIM signature was made with a withdrawn key."),
        "adsp": _("The message failed ADSP, which nobody uses any more."),
    }.get(word, word)


def alignment_sentence(failed: Sequence[str]) -> str:
    """What Identity-Alignment says: the mechanisms that FAILED to authenticate an aligned identity (RFC 9991 section 4)."""
    names = [word.upper() for word in failed if word in ("dkim", "spf")]
    if names:
        return _("Failed to align: %(mechanisms)s.") % {"mechanisms": ", ".join(names)}
    if "none" in failed:
        return _("Nothing failed to align.")
    return _("The receiver does not say which mechanisms failed to align.")


def delivery_word(word: str) -> str:
    """What the receiver did with the message; an unknown word stands for itself."""
    return {
        "delivered": pgettext("delivery result", "delivered"),
        "spam": pgettext("delivery result", "to the spam folder"),
        "policy": pgettext("delivery result", "not delivered, by policy"),
        "reject": pgettext("delivery result", "rejected"),
        "other": pgettext("delivery result", "something else"),
    }.get(word, word)
