"""What the filter nodes of an organisation run, compared with what was published. Reads only."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from exceptions.models import RuleVersion, Snapshot
from reports.inbound.nodes import Node
from reports.viewer import Viewer

SILENT_AFTER = timedelta(hours=1)
"""The alarm: a node asks several times a minute, so an hour without contact is a fault."""
SKEW_ALARM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node with what a person has to know: `health` is a word of the health badges, `behind` how many policies late."""

    node: Node
    health: str
    behind: int | None
    has_skew: bool


def nodes_of(viewer: Viewer) -> QuerySet[Node]:
    """All nodes of the organisation, those that are shut out last."""
    nodes = Node.objects.filter(organisation_id=viewer.organisation_id)
    return nodes.order_by(F("revoked_at").asc(nulls_first=True), "name")


def newest_snapshot(viewer: Viewer) -> Snapshot | None:
    """What every node should enforce; None before the first publication."""
    return Snapshot.objects.filter(organisation_id=viewer.organisation_id).defer("document").order_by("-number").first()


def node_states(viewer: Viewer, *, newest: int, at: datetime) -> list[NodeState]:
    """Each node with its health, in the order of `nodes_of`. One query."""
    return [_state(node, newest=newest, at=at) for node in nodes_of(viewer)]


def silent_nodes(states: list[NodeState]) -> list[NodeState]:
    """Those that raise the alarm."""
    return [state for state in states if state.health == "failing"]


def running_nodes(versions: list[RuleVersion], viewer: Viewer) -> tuple[dict[int, int], int]:
    """How many nodes enforce exactly this version of each rule, by the rule's key; and how many nodes there are.

    Three queries; each policy that is live somewhere is read once.
    """
    live = Counter(nodes_of(viewer).filter(revoked_at=None).values_list("live_number", flat=True))
    snapshots = Snapshot.objects.filter(
        organisation_id=viewer.organisation_id, number__in=[number for number in live if number]
    )
    running = {version.rule_id: 0 for version in versions}
    for number, document in snapshots.values_list("number", "document"):
        rules = {rule["id"]: rule for rule in json.loads(bytes(document))["rules"]}
        for version in versions:
            if rules.get(f"EX-{version.rule_id}") == version.to_document():
                running[version.rule_id] += live[number]
    return running, live.total()


def _state(node: Node, *, newest: int, at: datetime) -> NodeState:
    behind = None if node.live_number is None else max(0, newest - node.live_number)
    skew = node.clock_skew_seconds
    return NodeState(
        node=node,
        health=_health(node, behind=behind, at=at),
        behind=behind,
        has_skew=skew is not None and abs(skew) > SKEW_ALARM_SECONDS,
    )


def _health(node: Node, *, behind: int | None, at: datetime) -> str:
    if node.revoked_at is not None:
        return "paused"
    if node.last_contact_at is None:
        return "never"
    if at - node.last_contact_at > SILENT_AFTER:
        return "failing"
    return "late" if behind or node.error_code else "ok"
