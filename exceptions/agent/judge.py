"""Whether a policy may become live on this node: signature, format, addressee, number, clock. Touches no file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from exceptions.agent.config import Config
from exceptions.engine.policy import Policy, parse_policy
from exceptions.errors import AgentError
from exceptions.signing import verify

MAX_AHEAD = 600
"""Seconds by which a policy may come from this host's future before its clock, or the server's, is called wrong."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The newest policy that was ever live here: nothing older, and no other text under the same number, may follow."""

    number: int = 0
    sha256: str = ""


def fingerprint(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def judge(body: bytes, signature: str | None, *, config: Config, floor: Floor) -> Policy:
    """Read a policy that this node may use, from the network or from its own disk.

    Raises SignatureError, PolicyError, or AgentError with wrong_node, wrong_organisation, rollback, number_reused.
    """
    verify(body, signature, config.keys)
    policy = parse_policy(body)
    if policy.node != config.node:
        raise AgentError("wrong_node", node=policy.node)
    if policy.organisation != config.organisation:
        raise AgentError("wrong_organisation", organisation=policy.organisation)
    if policy.number < floor.number:
        raise AgentError("rollback", number=policy.number, floor=floor.number)
    if policy.number == floor.number and fingerprint(body) != floor.sha256:
        raise AgentError("number_reused", number=policy.number)
    return policy


def check_clock(policy: Policy, *, now: float) -> None:
    """Refuse a policy from the future: with a clock that wrong, no start and no expiry would mean anything.

    Raises AgentError("clock_skew"). A policy already on disk is not asked: the last good one stays.
    """
    ahead = policy.generated_at - int(now)
    if ahead > MAX_AHEAD:
        raise AgentError("clock_skew", ahead=ahead)
