"""The names under which acts on rules stand in the audit log, and what is kept of each."""

from __future__ import annotations

from datetime import datetime

from exceptions.models import ExceptionRule, RuleVersion
from reports.audit import log
from reports.audit.actions import register
from reports.viewer import Viewer

DRAFTED = register("exceptions.rule.drafted")
EDITED = register("exceptions.rule.edited")
PROPOSED = register("exceptions.rule.proposed")
WITHDRAWN = register("exceptions.rule.withdrawn")
APPROVED = register("exceptions.rule.approved")
REJECTED = register("exceptions.rule.rejected")
REVOKED = register("exceptions.rule.revoked")
EXPIRED = register("exceptions.rule.expired")


def record(event: str, rule: ExceptionRule, *, viewer: Viewer | None, at: datetime, reason: str = "") -> None:
    """Note a step of the rule; without a viewer it was the system's."""
    log.record(
        event,
        at=at,
        viewer=viewer,
        organisation=None if viewer else rule.organisation,
        subject=rule,
        reason=reason.strip(),
        data={"version": rule.version, "state": rule.state},
    )


def record_content(event: str, rule: ExceptionRule, version: RuleVersion, *, viewer: Viewer, at: datetime) -> None:
    """Note a new version with all that it says, so that the log alone tells what was asked for."""
    data = {
        "version": version.number,
        "state": rule.state,
        "rule": version.to_document(),
        "reason_code": version.reason_code,
        "owner": {"id": version.owner_id, "name": version.owner_name},
    }
    log.record(event, at=at, viewer=viewer, subject=rule, reason=version.reason_text, data=data)
