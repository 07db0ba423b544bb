"""The words of every act that may stand in the audit log, and the kinds that they fall into. A test misses none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ACTS: dict[str, _StrPromise] = {
    "exceptions.rule.drafted": _("Exception drafted"),
    "exceptions.rule.edited": _("Exception changed to a new version"),
    "exceptions.rule.proposed": _("Approval of an exception asked for"),
    "exceptions.rule.withdrawn": _("Exception withdrawn"),
    "exceptions.rule.approved": _("Exception approved"),
    "exceptions.rule.rejected": _("Exception not approved"),
    "exceptions.rule.revoked": _("Exception revoked"),
    "exceptions.rule.expired": _("Exception expired"),
    "exceptions.mode.tightened": _("Enforcement made stricter"),
    "exceptions.mode.loosening_proposed": _("Looser enforcement proposed"),
    "exceptions.mode.loosened": _("Looser enforcement approved"),
    "exceptions.mode.loosening_rejected": _("Looser enforcement rejected"),
    "exceptions.mode.loosening_withdrawn": _("Proposal of looser enforcement withdrawn"),
    "exceptions.policy.published": _("Policy published"),
    "exceptions.policy.numbering_raised": _("Policy numbers raised above what a node enforces"),
    "exceptions.signing_key.made": _("Signing key made"),
    "organisation.domain.named": _("Domain named"),
    "organisation.domain.dropped": _("Domain dropped"),
    "organisation.domain.held": _("Domain put on hold"),
    "organisation.domain.released": _("Domain released from hold"),
    "organisation.retention.changed": _("Terms of retention changed"),
    "organisation.settings.changed": _("Settings of the organisation changed"),
    "reports.node.enrolled": _("Filter node enrolled"),
    "reports.node.token_renewed": _("New token for a filter node"),
    "reports.node.revoked": _("Filter node shut out"),
    "reports.service.named": _("Sending service named"),
    "reports.service.dropped": _("Name of a sending service dropped"),
    "reports.mailbox.created": _("Mailbox added"),
    "reports.mailbox.changed": _("Mailbox changed"),
    "reports.mailbox.deleted": _("Mailbox deleted"),
    "reports.mailbox.fetch_asked": _("Visit to a mailbox asked for"),
    "reports.mailbox.sign_in_begun": _("Sign-in for a mailbox begun"),
    "reports.mailbox.signed_in": _("Signed in for a mailbox"),
    "reports.tls_endpoint.made": _("Address for TLS reports made"),
    "reports.tls_endpoint.revoked": _("Address for TLS reports revoked"),
    "reports.upload_token.made": _("Upload token made"),
    "reports.upload_token.revoked": _("Upload token revoked"),
    "reports.reread.started": _("Messages read again"),
    "reports.reread.cancelled": _("Reading again cancelled"),
    "reports.failure.revealed": _("Failure sample revealed"),
    "people.first_administrator.made": _("First administrator made"),
    "people.role.proposed": _("Role proposed"),
    "people.role.granted": _("Role granted"),
    "people.role.refused": _("Role refused"),
    "people.role.withdrawn": _("Proposal of a role withdrawn"),
    "people.role.ended": _("Role taken away"),
    "people.invitation.accepted": _("Invitation accepted"),
    "people.login.succeeded": _("Logged in"),
    "people.login.failed": _("Log-in failed"),
    "people.password.changed": _("Password changed"),
    "people.second_factor.added": _("Second factor added"),
    "people.second_factor.removed": _("Second factor removed"),
    "people.recovery_codes.made": _("Recovery codes made"),
    "demo.organisation.loaded": _("Demonstration data loaded"),
    "demo.organisation.removed": _("Demonstration data removed"),
}


class Kind(NamedTuple):
    """A kind of acts: all whose names begin with one of `prefixes`. `key` stands in the address bar."""

    key: str
    label: _StrPromise
    prefixes: tuple[str, ...]


KINDS = (
    Kind("rules", _("Exceptions"), ("exceptions.rule.",)),
    Kind("enforcement", _("Enforcement"), ("exceptions.mode.",)),
    Kind("policies", _("Policies and keys"), ("exceptions.policy.", "exceptions.signing_key.")),
    Kind("organisation", _("Domains and settings"), ("organisation.",)),
    Kind("nodes", _("Filter nodes"), ("reports.node.",)),
    Kind(
        "mailboxes",
        _("Mailboxes and upload tokens"),
        ("reports.mailbox.", "reports.tls_endpoint.", "reports.upload_token."),
    ),
    Kind("services", _("Sending services"), ("reports.service.",)),
    Kind("rereads", _("Reading again"), ("reports.reread.",)),
    Kind("samples", _("Failure samples"), ("reports.failure.",)),
    Kind("people", _("People and roles"), ("people.first_administrator.", "people.role.", "people.invitation.")),
    Kind(
        "entrance",
        _("Log-ins, passwords and second factors"),
        ("people.login.", "people.password.", "people.second_factor.", "people.recovery_codes."),
    ),
    Kind("demo", _("Demonstration"), ("demo.",)),
)


def act_words(action: str) -> str:
    """The act in words; one that this version does not know is shown by its name."""
    return str(ACTS.get(action, action))
