"""A rule's conditions in words. Every value is escaped, whatever it holds; what surrounds it is ours."""

from __future__ import annotations

from collections.abc import Sequence

import idna
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exceptions.models import RuleVersion

SHOWN = 3
"""So many values are named before "and 5 more"."""


def evidence(version: RuleVersion) -> SafeString:
    """What proves the source: "from 198.51.100.25 and signed with DKIM by vendor.example"."""
    conditions = []
    if version.networks:
        conditions.append(format_html(_("from {}"), _either([network_words(each) for each in version.networks])))
    if version.dkim_domain is not None:
        conditions.append(format_html(_("signed with DKIM by {}"), _either([domain_words(version.dkim_domain)])))
    if version.envelope_domain is not None:
        envelope = _either([domain_words(version.envelope_domain)])
        conditions.append(format_html(_("with an envelope address of {} that passes SPF"), envelope))
    return format_html_join(_(" and "), "{}", ((condition,) for condition in conditions))


def recipients(version: RuleVersion) -> SafeString:
    """To whom: "anyone", or the addresses and domains that it is limited to."""
    return _either(version.recipients) if version.recipients else format_html("{}", _("anyone"))


def network_words(network: str) -> str:
    """198.51.100.25 rather than 198.51.100.25/32."""
    return network.removesuffix("/128" if ":" in network else "/32")


def domain_words(name: str) -> str:
    """An internationalised name as people read it with its A-label beside it, so that a lookalike gives itself away."""
    if "xn--" not in name:
        return name
    try:
        return f"{idna.decode(name)} ({name})"
    except idna.IDNAError:
        return name


def _either(values: Sequence[str]) -> SafeString:
    named = [format_html("<strong>{}</strong>", value) for value in values[:SHOWN]]
    rest = len(values) - len(named)
    if rest:
        listed = format_html_join(", ", "{}", ((value,) for value in named))
        return format_html(ngettext("{} or {} more", "{} or {} more", rest), listed, rest)
    if len(named) == 1:
        return named[0]
    listed = format_html_join(", ", "{}", ((value,) for value in named[:-1]))
    return format_html(_("{} or {}"), listed, named[-1])
