"""The only writer of enforcement modes: one person makes them stricter, two make them looser.

All verbs raise NotAllowed, ModeInvalid or WrongState, and then nothing has changed; the database holds the same line.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exceptions.errors import FourEyes, ModeInvalid, NotAllowed, WrongState
from exceptions.models import EnforcementMode, ModeChange
from exceptions.models.locks import Locked, lock
from exceptions.selectors.enforcement import InForce, mode_in_force
from exceptions.vocabulary import WHOLE_SHARE, ChangeState, Mode
from reports.audit import log
from reports.audit.actions import register
from reports.permissions import Act, may
from reports.viewer import Viewer

TIGHTENED = register("exceptions.mode.tightened")
PROPOSED = register("exceptions.mode.loosening_proposed")
LOOSENED = register("exceptions.mode.loosened")
REJECTED = register("exceptions.mode.loosening_rejected")
WITHDRAWN = register("exceptions.mode.loosening_withdrawn")


@transaction.atomic
def mode_tighten(
    *, viewer: Viewer, domain_id: int | None, mode: Mode, share: int = WHOLE_SHARE, reason: str = "", at: datetime
) -> EnforcementMode:
    """Enforce at least as much as now, at once; `domain_id` None is the default. Raises ModeInvalid("looser")."""
    _allow(viewer, Act.TIGHTEN_MODE, domain_id)
    before = _before(viewer, domain_id, mode, share)
    if mode.strictness(share) < before.strictness:
        raise ModeInvalid("looser", field="mode", mode=before.mode, share=before.share)
    row = _set(viewer, domain_id, mode=mode, share=share, at=at)
    log.record(
        TIGHTENED, at=at, viewer=viewer, subject=row, label=_label(row), reason=reason, data=_data(before, mode, share)
    )
    return row


@transaction.atomic
def loosening_propose(
    *, viewer: Viewer, domain_id: int | None, mode: Mode, share: int = WHOLE_SHARE, reason: str, at: datetime
) -> ModeChange:
    """Ask that less be enforced; nothing changes until another person agrees.

    Raises ModeInvalid("not_looser"), ModeInvalid("reason_missing"), or WrongState("already_proposed").
    """
    _allow(viewer, Act.PROPOSE_LOOSER_MODE, domain_id)
    before = _before(viewer, domain_id, mode, share)
    if mode.strictness(share) >= before.strictness:
        raise ModeInvalid("not_looser", field="mode", mode=before.mode, share=before.share)
    if not reason.strip():
        raise ModeInvalid("reason_missing", field="reason")
    open_changes = ModeChange.objects.filter(
        organisation_id=viewer.organisation_id,
        domain_id=domain_id,  # type: ignore[misc]  # None is the default's own value, and Django asks IS NULL
        state=ChangeState.PROPOSED,
    )
    if open_changes.exists():
        raise WrongState("already_proposed")
    change = ModeChange.objects.create(
        organisation_id=viewer.organisation_id,
        domain_id=domain_id,
        from_mode=before.mode,
        from_share=before.share,
        mode=mode,
        share=share,
        reason=reason.strip(),
        proposed_by_id=viewer.user_id,
        proposed_by_name=viewer.user_name,
        proposed_at=at,
    )
    log.record(
        PROPOSED,
        at=at,
        viewer=viewer,
        subject=change,
        label=_label(change),
        reason=reason,
        data=_data(before, mode, share),
    )
    return change


@transaction.atomic
def loosening_approve(change: ModeChange, *, viewer: Viewer, reason: str = "", at: datetime) -> ModeChange:
    """Put a proposed change in force. Raises FourEyes("own_proposal"), or WrongState("mode_has_changed") where what is
    enforced is no longer what the proposal started from."""
    _take(change, viewer, Act.APPROVE_LOOSER_MODE)
    if viewer.user_id == change.proposed_by_id:
        raise FourEyes("own_proposal")
    lock(Locked.ENFORCEMENT, organisation_id=viewer.organisation_id)
    before = mode_in_force(organisation_id=viewer.organisation_id, domain_id=change.domain_id)
    if before.strictness != Mode(change.from_mode).strictness(change.from_share):
        raise WrongState("mode_has_changed", mode=before.mode, share=before.share)
    _decide(change, ChangeState.APPROVED, viewer, at)
    row = _set(viewer, change.domain_id, mode=Mode(change.mode), share=change.share, at=at, change=change)
    change.refresh_from_db()
    data = {**_data(before, Mode(change.mode), change.share), "proposed_by": change.proposed_by_name}
    log.record(LOOSENED, at=at, viewer=viewer, subject=row, label=_label(row), reason=reason, data=data)
    return change


@transaction.atomic
def loosening_reject(change: ModeChange, *, viewer: Viewer, reason: str = "", at: datetime) -> ModeChange:
    """Refuse a proposed change for good."""
    _take(change, viewer, Act.APPROVE_LOOSER_MODE)
    _decide(change, ChangeState.REJECTED, viewer, at)
    log.record(REJECTED, at=at, viewer=viewer, subject=change, label=_label(change), reason=reason)
    return change


@transaction.atomic
def loosening_withdraw(change: ModeChange, *, viewer: Viewer, reason: str = "", at: datetime) -> ModeChange:
    """Take a proposed change back for good."""
    _take(change, viewer, Act.PROPOSE_LOOSER_MODE)
    _decide(change, ChangeState.WITHDRAWN, viewer, at)
    log.record(WITHDRAWN, at=at, viewer=viewer, subject=change, label=_label(change), reason=reason)
    return change


def _allow(viewer: Viewer, act: Act, domain_id: int | None) -> None:
    if not may(viewer.role, act):
        raise NotAllowed("role_lacks_act", role=str(viewer.role), act=act.value)
    # The default covers every domain, so it takes somebody who sees them all.
    if viewer.domain_ids is not None and (domain_id is None or domain_id not in viewer.domain_ids):
        raise NotAllowed("other_domain")


def _before(viewer: Viewer, domain_id: int | None, mode: Mode, share: int) -> InForce:
    """What is in force now, after a look at what is asked for: a share, and a domain that can have one."""
    if not 0 <= share <= WHOLE_SHARE:
        raise ModeInvalid("bad_share", field="share", most=WHOLE_SHARE)
    lock(Locked.ENFORCEMENT, organisation_id=viewer.organisation_id)
    before = mode_in_force(organisation_id=viewer.organisation_id, domain_id=domain_id)
    if before.domain_is_unknown:
        raise ModeInvalid("unknown_domain", field="domain")
    return before


def _take(change: ModeChange, viewer: Viewer, act: Act) -> None:
    """Lock the change and bring it up to date; it must be the viewer's to decide, and open."""
    change.refresh_from_db(from_queryset=ModeChange.objects.select_for_update())
    if change.organisation_id != viewer.organisation_id:
        raise NotAllowed("other_organisation")
    _allow(viewer, act, change.domain_id)
    if change.state != ChangeState.PROPOSED:
        raise WrongState(state=change.state)


def _decide(change: ModeChange, state: ChangeState, viewer: Viewer, at: datetime) -> None:
    change.state = state
    change.decided_by_id, change.decided_by_name, change.decided_at = viewer.user_id, viewer.user_name, at
    change.save(update_fields=["state", "decided_by", "decided_by_name", "decided_at"])


def _set(
    viewer: Viewer, domain_id: int | None, *, mode: Mode, share: int, at: datetime, change: ModeChange | None = None
) -> EnforcementMode:
    row, _ = EnforcementMode.objects.update_or_create(
        organisation_id=viewer.organisation_id,
        domain_id=domain_id,
        defaults={
            "mode": mode,
            "share": share,
            "since": at,
            "set_by_id": viewer.user_id,
            "set_by_name": viewer.user_name,
            "change": change,
        },
    )
    return row


def _label(row: EnforcementMode | ModeChange) -> str:
    return row.domain.name if row.domain else "*"


def _data(before: InForce, mode: Mode, share: int) -> dict[str, object]:
    return {"from": {"mode": before.mode, "share": before.share}, "to": {"mode": mode, "share": share}}
