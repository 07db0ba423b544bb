"""The refusals of dmarcsite.domains.errors in words: what is wrong and what to do."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dmarcsite.domains.errors import DomainRefused
from exceptions.sentences.refusals import REFUSALS
from exceptions.sentences.words import MODE_WORDS


def refusal(error: DomainRefused) -> str:
    """The sentence of an error, in the language of the request."""
    sentences = {
        "bad_domain": str(REFUSALS["bad_domain"]),
        "already_named": _("%(value)s is named already. Drop it first if it is somebody else's."),
        "not_named": _("Nobody has named this domain, or it was dropped meanwhile. Reload the page."),
        "enforced": _(
            "Filters enforce more than the domain publishes (%(mode)s); without its name more mail would come in. Loosen "
            "its mode to monitor first, which takes two people."
        ),
        "has_rules": _(
            "Exception rules are filed under this domain (%(rules)s), and their history is kept. So it stays named."
        ),
        "has_modes": _("A mode was set for this domain, and its history is kept. So it stays named."),
    }
    params = {name: MODE_WORDS.get(str(value), value) for name, value in error.params.items()}
    return sentences[error.code] % params
