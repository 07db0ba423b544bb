"""Single words: the names of states, modes, reasons, fields and acts as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exceptions.vocabulary import Mode, ReasonCode, RuleAction
from reports.vocabulary import Role

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Words: TypeAlias = "dict[str, _StrPromise]"

STATE_WORDS: Words = {
    "draft": pgettext_lazy("rule", "Draft"),
    "proposed": pgettext_lazy("rule", "Waiting for approval"),
    "scheduled": pgettext_lazy("rule", "Approved, not yet in force"),
    "approved": pgettext_lazy("rule", "Approved"),
    "in_force": pgettext_lazy("rule", "In force"),
    "expired": pgettext_lazy("rule", "Expired"),
    "revoked": pgettext_lazy("rule", "Revoked"),
    "rejected": pgettext_lazy("rule", "Not approved"),
    "withdrawn": pgettext_lazy("rule", "Withdrawn"),
    "applied": pgettext_lazy("proposal", "In force"),
}
MODE_WORDS: Words = {
    Mode.MONITOR: pgettext_lazy("enforcement mode", "Monitor"),
    Mode.QUARANTINE: pgettext_lazy("enforcement mode", "Quarantine"),
    Mode.REJECT: pgettext_lazy("enforcement mode", "Reject"),
}
ROLE_WORDS: Words = {
    Role.VIEWER: pgettext_lazy("role", "Viewer"),
    Role.ANALYST: pgettext_lazy("role", "Analyst"),
    Role.APPROVER: pgettext_lazy("role", "Approver"),
    Role.ADMINISTRATOR: pgettext_lazy("role", "Administrator"),
    Role.AUDITOR: pgettext_lazy("role", "Auditor"),
}
ACTION_WORDS: Words = {
    RuleAction.DELIVER: _("Deliver it: treat it as if it had passed DMARC"),
    RuleAction.QUARANTINE: _("Quarantine it: never reject it, but set it aside"),
}
REASON_WORDS: Words = {
    ReasonCode.VENDOR_NOT_ALIGNED: _("A vendor does not sign as our domain"),
    ReasonCode.FORWARDER_OR_LIST: _("Forwarding or a mailing list breaks it"),
    ReasonCode.INTERNAL_APPLICATION: _("An application of our own cannot sign"),
    ReasonCode.MIGRATION: _("A migration is under way"),
    ReasonCode.PARTNER_OUTAGE: _("A partner has an outage"),
    ReasonCode.OTHER: _("Another reason"),
}
FIELD_WORDS: Words = {
    "header_from": _("From domain"),
    "networks": _("Networks"),
    "dkim_domain": _("DKIM domain (d=)"),
    "envelope_domain": _("Envelope domain (with SPF pass)"),
    "recipients": _("Recipients"),
    "action": _("What happens to the mail"),
    "starts_at": _("Starts"),
    "expires_at": _("Ends"),
    "owner_name": _("Owner"),
    "reason_code": _("Reason"),
    "reason_text": _("Why, in words"),
}
ACT_WORDS: Words = {
    "exceptions.rule.drafted": _("wrote the draft"),
    "exceptions.rule.edited": _("wrote a new version"),
    "exceptions.rule.proposed": _("asked for approval"),
    "exceptions.rule.withdrawn": _("withdrew it"),
    "exceptions.rule.approved": _("approved it"),
    "exceptions.rule.rejected": pgettext_lazy("decision", "rejected it"),
    "exceptions.rule.revoked": _("revoked it"),
    "exceptions.rule.expired": _("noted that its time is over"),
    "exceptions.mode.tightened": _("made enforcement stricter"),
    "exceptions.mode.loosening_proposed": _("proposed looser enforcement"),
    "exceptions.mode.loosened": _("approved looser enforcement"),
    "exceptions.mode.loosening_rejected": pgettext_lazy("decision", "rejected looser enforcement"),
    "exceptions.mode.loosening_withdrawn": _("withdrew the proposal"),
}
