"""Owns the words, icons and tones of every badge. Decides nothing: a value that is not listed is shown as it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with its second and third cue: an icon of the sprite, and a tone (colour and pattern in badge.css)."""

    label: str | Promise
    icon: str
    tone: str


VERDICT = {
    "aligned": Badge(_("Aligned"), "check-lg", "aligned"),
    "fixable": Badge(_("Fixable"), "wrench-adjustable", "fixable"),
    "forwarder": Badge(_("Forwarder"), "arrow-return-right", "forwarder"),
    "failing": Badge(_("Failing"), "x-lg", "failing"),
    "suspicious": Badge(_("Suspicious"), "x-octagon", "failing"),
    "excepted": Badge(_("Excepted"), "door-open", "excepted"),
    "unknown": Badge(_("Unknown"), "question-lg", "unknown"),
}

RESULT = {
    "pass": Badge(pgettext_lazy("authentication result", "pass"), "check-lg", "aligned"),
    "fail": Badge(pgettext_lazy("authentication result", "fail"), "x-lg", "failing"),
    "softfail": Badge("softfail", "x-lg", "failing"),
    "policy": Badge("policy", "x-lg", "failing"),
    "neutral": Badge("neutral", "dash-lg", "unknown"),
    "none": Badge("none", "dash-lg", "unknown"),
    "temperror": Badge("temperror", "exclamation-triangle", "forwarder"),
    "permerror": Badge("permerror", "exclamation-triangle", "failing"),
}

DISPOSITION = {
    "none": Badge(pgettext_lazy("disposition", "delivered"), "check-lg", "plain"),
    "pass": Badge(pgettext_lazy("disposition", "delivered"), "check-lg", "plain"),
    "quarantine": Badge(pgettext_lazy("disposition", "quarantined"), "archive", "forwarder"),
    "reject": Badge(pgettext_lazy("disposition", "rejected"), "shield-x", "failing"),
}

ENGINE = {
    "accept": Badge(pgettext_lazy("engine verdict", "accepted"), "check-lg", "plain"),
    "quarantine": Badge(pgettext_lazy("engine verdict", "quarantined"), "archive", "forwarder"),
    "reject": Badge(pgettext_lazy("engine verdict", "refused"), "shield-x", "failing"),
    "defer": Badge(pgettext_lazy("engine verdict", "deferred (451)"), "hourglass-split", "unknown"),
}

OUTCOME = {
    "stored": Badge(_("Stored"), "check-lg", "aligned"),
    "duplicate": Badge(_("Duplicate"), "files", "unknown"),
    "partial": Badge(_("Stored in part"), "exclamation-triangle", "forwarder"),
    "refused": Badge(pgettext_lazy("message", "Refused"), "x-octagon", "failing"),
    "not_a_report": Badge(_("Not a report"), "envelope-x", "unknown"),
}

LENS = {
    "here": Badge(_("Arriving here"), "inbox", "lens"),
    "elsewhere": Badge(_("Elsewhere"), "globe2", "lens"),
    "unknown": Badge(_("Unclear where"), "question-lg", "lens"),
}

RULE = {
    "draft": Badge(pgettext_lazy("rule", "Draft"), "pencil", "unknown"),
    "proposed": Badge(pgettext_lazy("rule", "Waiting for approval"), "hourglass-split", "forwarder"),
    "approved": Badge(pgettext_lazy("rule", "Approved"), "patch-check", "excepted"),
    "in_force": Badge(pgettext_lazy("rule", "In force"), "door-open", "excepted"),
    "scheduled": Badge(pgettext_lazy("rule", "Approved, not yet in force"), "clock", "excepted"),
    "expired": Badge(pgettext_lazy("rule", "Expired"), "clock-history", "unknown"),
    "revoked": Badge(pgettext_lazy("rule", "Revoked"), "ban", "unknown"),
    "rejected": Badge(pgettext_lazy("rule", "Not approved"), "x-lg", "unknown"),
    "withdrawn": Badge(pgettext_lazy("rule", "Withdrawn"), "arrow-counterclockwise", "unknown"),
}

MODE = {
    "monitor": Badge(pgettext_lazy("enforcement mode", "Monitor"), "eye", "unknown"),
    "quarantine": Badge(pgettext_lazy("enforcement mode", "Quarantine"), "archive", "forwarder"),
    "reject": Badge(pgettext_lazy("enforcement mode", "Reject"), "shield-check", "aligned"),
}

POLICY = {
    "none": Badge("p=none", "eye", "unknown"),
    "quarantine": Badge("p=quarantine", "archive", "forwarder"),
    "reject": Badge("p=reject", "shield-check", "aligned"),
}

ACTION = {
    "deliver": Badge(pgettext_lazy("rule action", "Deliver"), "inbox", "plain"),
    "quarantine": Badge(pgettext_lazy("rule action", "Quarantine"), "archive", "forwarder"),
}

HEALTH = {
    "ok": Badge(pgettext_lazy("health", "Working"), "check-circle", "aligned"),
    "late": Badge(pgettext_lazy("health", "Late"), "clock", "forwarder"),
    "failing": Badge(pgettext_lazy("health", "Failing"), "exclamation-octagon", "failing"),
    "paused": Badge(pgettext_lazy("health", "Paused"), "pause-circle", "unknown"),
    "never": Badge(pgettext_lazy("health", "Nothing yet"), "circle", "unknown"),
}

SENDER = {
    "verified": Badge(pgettext_lazy("sender", "Verified"), "patch-check", "aligned"),
    "unverified": Badge(pgettext_lazy("sender", "Unverified"), "shield-exclamation", "forwarder"),
    "unknown": Badge(pgettext_lazy("sender", "Unknown"), "question-lg", "unknown"),
}

CONFIDENCE = {
    "high": Badge(_("high confidence"), "record-circle", "plain"),
    "medium": Badge(_("medium confidence"), "circle-half", "plain"),
    "low": Badge(_("low confidence"), "circle", "plain"),
}

RISK = {
    "low": Badge(_("Low risk"), "shield-check", "plain"),
    "medium": Badge(_("Medium risk"), "shield-exclamation", "forwarder"),
    "high": Badge(_("High risk"), "exclamation-octagon", "failing"),
}

ROLE = {
    "viewer": Badge(pgettext_lazy("role", "Viewer"), "eye", "plain"),
    "analyst": Badge(pgettext_lazy("role", "Analyst"), "search", "plain"),
    "approver": Badge(pgettext_lazy("role", "Approver"), "patch-check", "plain"),
    "administrator": Badge(pgettext_lazy("role", "Administrator"), "gear", "plain"),
    "auditor": Badge(pgettext_lazy("role", "Auditor"), "journal-check", "plain"),
}

KIND = {
    "aggregate": Badge(pgettext_lazy("report kind", "Aggregate"), "table", "plain"),
    "failure": Badge(pgettext_lazy("report kind", "Failure"), "envelope-exclamation", "plain"),
    "tls": Badge("TLS", "lock", "plain"),
}

BADGES: dict[str, dict[str, Badge]] = {
    "verdict": VERDICT,
    "result": RESULT,
    "disposition": DISPOSITION,
    "engine": ENGINE,
    "outcome": OUTCOME,
    "lens": LENS,
    "rule": RULE,
    "mode": MODE,
    "policy": POLICY,
    "action": ACTION,
    "health": HEALTH,
    "sender": SENDER,
    "confidence": CONFIDENCE,
    "risk": RISK,
    "role": ROLE,
    "kind": KIND,
}


def badge_for(family: str, value: object) -> Badge:
    """The badge of a value. Raises KeyError for an unknown family, because that is a mistake in a template."""
    word = str(value)
    return BADGES[family].get(word, Badge(word, "", "plain"))
