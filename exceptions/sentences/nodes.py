"""What may be refused about a filter node, and what a node itself complains of, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from exceptions.sentences.words import Words
from reports.errors import InboundRefused

NODE_REFUSALS: Words = {
    "not_allowed": _("Your role does not include this. Ask an administrator of your organisation."),
    "node_name_missing": _("Give the node a name, such as the name of its host."),
    "node_name_taken": _("A node of this name exists already. Choose another name."),
    "node_revoked": _("This node is shut out. Enrol it anew under another name."),
}


def node_refusal(error: InboundRefused) -> str:
    """The sentence of a refusal about a node."""
    return str(NODE_REFUSALS.get(error.code, error.code))
