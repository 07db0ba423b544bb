"""What sending services are, in words, and the refusals of naming one."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SERVICE_TYPES: dict[str, str | Promise] = {
    "Agriculture": pgettext_lazy("service type", "Agriculture"),
    "Automotive": pgettext_lazy("service type", "Automotive"),
    "Beauty": pgettext_lazy("service type", "Beauty"),
    "Conglomerate": pgettext_lazy("service type", "Conglomerate"),
    "Construction": pgettext_lazy("service type", "Construction"),
    "Consulting": pgettext_lazy("service type", "Consulting"),
    "Defense": pgettext_lazy("service type", "Defence"),
    "Education": pgettext_lazy("service type", "Education"),
    "Email Provider": pgettext_lazy("service type", "E-mail provider"),
    "Email Security": pgettext_lazy("service type", "E-mail security"),
    "Entertainment": pgettext_lazy("service type", "Entertainment"),
    "Event Planning": pgettext_lazy("service type", "Event planning"),
    "Finance": pgettext_lazy("service type", "Finance"),
    "Food": pgettext_lazy("service type", "Food"),
    "Government": pgettext_lazy("service type", "Government"),
    "Government Media": pgettext_lazy("service type", "Government media"),
    "Healthcare": pgettext_lazy("service type", "Health care"),
    "IaaS": pgettext_lazy("service type", "Infrastructure (IaaS)"),
    "ISP": pgettext_lazy("service type", "Internet provider"),
    "Industrial": pgettext_lazy("service type", "Industry"),
    "Legal": pgettext_lazy("service type", "Legal"),
    "Logistics": pgettext_lazy("service type", "Logistics"),
    "MSP": pgettext_lazy("service type", "IT services (MSP)"),
    "MSSP": pgettext_lazy("service type", "Security services (MSSP)"),
    "Manufacturing": pgettext_lazy("service type", "Manufacturing"),
    "Marketing": pgettext_lazy("service type", "Marketing"),
    "News": pgettext_lazy("service type", "News"),
    "Nonprofit": pgettext_lazy("service type", "Non-profit"),
    "PaaS": pgettext_lazy("service type", "Platform (PaaS)"),
    "Photography": pgettext_lazy("service type", "Photography"),
    "Physical Security": pgettext_lazy("service type", "Physical security"),
    "Print": pgettext_lazy("service type", "Printing"),
    "Publishing": pgettext_lazy("service type", "Publishing"),
    "Real Estate": pgettext_lazy("service type", "Real estate"),
    "Religion": pgettext_lazy("service type", "Religion"),
    "Retail": pgettext_lazy("service type", "Retail"),
    "SaaS": pgettext_lazy("service type", "Software (SaaS)"),
    "Science": pgettext_lazy("service type", "Science"),
    "Search Engine": pgettext_lazy("service type", "Search engine"),
    "Social Media": pgettext_lazy("service type", "Social media"),
    "Sports": pgettext_lazy("service type", "Sports"),
    "Staffing": pgettext_lazy("service type", "Staffing"),
    "Technology": pgettext_lazy("service type", "Technology"),
    "Travel": pgettext_lazy("service type", "Travel"),
    "Utilities": pgettext_lazy("service type", "Utilities"),
    "Web Host": pgettext_lazy("service type", "Web host"),
}
"""By parsedmarc's words; a test compares them with its map."""
_REFUSALS: dict[str, str | Promise] = {
    "neither": _(
        "%(value)s is no network and no domain. Write one like 192.0.2.0/24, 2001:db8::/48, 192.0.2.25 or example.com."
    ),
    "suffix": _("%(value)s belongs to many. Write the domain that somebody registered below it."),
    "taken": _("This network or domain has a name already. Drop that one first."),
    "too_many": _("There are as many names as there may be. Drop one that is no longer needed first."),
}


def service_type_words(kind: str) -> str:
    """The type of a service; an unknown one stands for itself."""
    return str(SERVICE_TYPES.get(kind, kind))


def naming_refusal(code: str, params: dict[str, str]) -> str:
    """Why a service cannot be named like this, and what to do."""
    return str(_REFUSALS[code]) % params
