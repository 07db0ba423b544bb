"""Words for places and ways in, in templates."""

from __future__ import annotations

from django import template

from reports.ingest.places.registry import where
from reports.sentences.mailboxes import place_kind_words
from reports.vocabulary import PlaceKind

register = template.Library()
register.filter("place_kind", place_kind_words)
register.filter("leads_to", where)


@register.filter
def is_visited(channel: str) -> bool:
    """Whether what came by this channel was fetched from a mailbox."""
    return channel in set(PlaceKind)
