"""From a viewer and a number to a rule or a proposal: each function answers the object or refuses with 404."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from exceptions.models import ExceptionRule, ModeChange
from exceptions.selectors.nodes import nodes_of
from exceptions.selectors.rule_list import visible_rules
from reports.inbound.nodes import Node
from reports.viewer import Viewer

MAX_DIGITS = 18
"""Every number of a row has fewer; from some thousand digits on Python itself refuses to read one."""


def number_in(text: str) -> int | None:
    """The number of a row that an address bar names, or None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None


def rule_for(viewer: Viewer, pk: int) -> ExceptionRule:
    """A rule of the viewer's organisation about one of the viewer's domains, else 404."""
    return get_object_or_404(visible_rules(viewer), pk=pk)


def change_for(viewer: Viewer, pk: int) -> ModeChange:
    """A proposal to enforce less, open or decided, of the viewer's organisation and domains, else 404."""
    changes = ModeChange.objects.filter(organisation_id=viewer.organisation_id).select_related("domain")
    if viewer.domain_ids is not None:
        changes = changes.filter(domain_id__in=viewer.domain_ids)
    return get_object_or_404(changes, pk=pk)


def node_for(viewer: Viewer, pk: int) -> Node:
    """A filter node of the viewer's organisation, shut out or not, else 404."""
    return get_object_or_404(nodes_of(viewer), pk=pk)
