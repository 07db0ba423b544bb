"""Who our filter nodes are: enrolment, proof by token, revocation. A token is shown once and never stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify

from reports.audit import log
from reports.audit.actions import register
from reports.errors import InboundRefused
from reports.models import Node
from reports.permissions import Act, may
from reports.viewer import Viewer

__all__ = [
    "Node",
    "enrol_node",
    "node_with_token",
    "note_contact",
    "renew_token",
    "revoke_node",
]

ENROLLED = register("reports.node.enrolled")
RENEWED = register("reports.node.token_renewed")
REVOKED = register("reports.node.revoked")

NAME_LIMIT = 120
_SLUG_LIMIT = 40
_CONTACT_EVERY = timedelta(seconds=15)
_NO_TOKEN = bytes(32)


@transaction.atomic
def enrol_node(*, viewer: Viewer, name: str, at: datetime) -> tuple[Node, str]:
    """Make a node; the second value is its token, to be shown once.

    Raises InboundRefused with not_allowed, node_name_missing or node_name_taken.
    """
    _allow(viewer)
    name = " ".join(name.split())[:NAME_LIMIT]
    if not name:
        raise InboundRefused("node_name_missing")
    if Node.objects.filter(organisation_id=viewer.organisation_id, name=name).exists():
        raise InboundRefused("node_name_taken", (("name", name),))
    token = _new_token()
    node = Node.objects.create(
        organisation_id=viewer.organisation_id,
        name=name,
        slug=_free_slug(name),
        token_sha256=_digest(token),
        created_at=at,
    )
    log.record(ENROLLED, at=at, viewer=viewer, subject=node, data={"slug": node.slug})
    return node, token


@transaction.atomic
def renew_token(node: Node, *, viewer: Viewer, at: datetime) -> str:
    """Give the node another token; the old one is void at once. Raises InboundRefused with not_allowed or node_revoked."""
    _take(node, viewer)
    token = _new_token()
    node.token_sha256 = _digest(token)
    node.save(update_fields=["token_sha256"])
    log.record(RENEWED, at=at, viewer=viewer, subject=node)
    return token


@transaction.atomic
def revoke_node(node: Node, *, viewer: Viewer, reason: str = "", at: datetime) -> Node:
    """Shut a node out for good. It keeps its last policy until that is over; what it told stays."""
    _take(node, viewer)
    node.revoked_at = at
    node.save(update_fields=["revoked_at"])
    log.record(REVOKED, at=at, viewer=viewer, subject=node, reason=reason)
    return node


def node_with_token(slug: str, token: str) -> Node | None:
    """The node that this token proves to be this one, or None. Takes the same time whatever is wrong."""
    node = Node.objects.select_related("organisation").filter(slug=slug, revoked_at__isnull=True).first()
    expected = bytes(node.token_sha256) if node else _NO_TOKEN
    return node if hmac.compare_digest(expected, _digest(token)) else None


def note_contact(node: Node, *, at: datetime) -> None:
    """Remember that the node was heard of; at most one write in 15 seconds."""
    stale = Q(last_contact_at__isnull=True) | Q(last_contact_at__lt=at - _CONTACT_EVERY)
    Node.objects.filter(stale, pk=node.pk).update(last_contact_at=at)


def _take(node: Node, viewer: Viewer) -> None:
    _allow(viewer)
    node.refresh_from_db(from_queryset=Node.objects.select_for_update())
    if node.organisation_id != viewer.organisation_id:
        raise InboundRefused("not_allowed")
    if node.revoked_at is not None:
        raise InboundRefused("node_revoked")


def _allow(viewer: Viewer) -> None:
    if not may(viewer.role, Act.MANAGE_NODES):
        raise InboundRefused("not_allowed")


def _new_token() -> str:
    # The prefix lets people and secret scanners tell what it is.
    return f"sekimori_{secrets.token_urlsafe(32)}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _free_slug(name: str) -> str:
    """From the name, with a part by chance: slugs are unique among all organisations and must not tell of the others."""
    stem = slugify(name.replace(".", "-"))[:_SLUG_LIMIT].strip("-_") or "node"
    return f"{stem}-{secrets.token_hex(3)}"
