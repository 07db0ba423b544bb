"""Filters that put rules and what happened to them into words; all of the words are in exceptions.sentences."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from exceptions.models import RuleVersion
from exceptions.sentences import rules, words

register = template.Library()


@register.filter
def evidence(version: RuleVersion) -> SafeString:
    """What proves the source, values in bold."""
    return rules.evidence(version)


@register.filter
def rule_recipients(version: RuleVersion) -> SafeString:
    """To whom the mail goes, values in bold."""
    return rules.recipients(version)


@register.filter
def domain_words(name: str) -> str:
    """The domain, with its A-label where it is an internationalised one."""
    return rules.domain_words(name)


@register.filter
def network_words(network: str) -> str:
    """The network, or the address where it is only one."""
    return rules.network_words(network)


@register.filter
def reason_words(code: str) -> str | Promise:
    """Why people ask for an exception."""
    return words.REASON_WORDS.get(code, code)


@register.filter
def field_words(field: str) -> str | Promise:
    """The name of a rule's field."""
    return words.FIELD_WORDS.get(field, field)


@register.filter
def act_words(action: str) -> str | Promise:
    """What somebody did, as the rest of a sentence that begins with their name."""
    return words.ACT_WORDS.get(action, action)
