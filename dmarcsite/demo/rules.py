"""The demo organisation's exception rules and what happened to them, as data for the real lifecycle services."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from dmarcsite.demo.cast import ANALYST, APPROVER, Person
from dmarcsite.demo.stories import Flow
from exceptions.vocabulary import ReasonCode, RuleAction


@dataclass(frozen=True, slots=True)
class Step:
    """One act in a rule's life: "propose", "approve" or "revoke", by whom, how many days ago, and the comment given."""

    act: str
    person: Person
    days_ago: int
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRule:
    """One rule: its conditions as the policy document has them, the reason given for it, and its steps in order.

    The analyst owns and edits all of them. A rule is in force from its approval until `days` later, or its revocation.
    """

    key: str
    header_from: str
    networks: tuple[str, ...] = ()
    dkim_domain: str | None = None
    envelope_domain: str | None = None
    recipients: tuple[str, ...] = ()
    action: RuleAction = RuleAction.DELIVER
    reason_code: ReasonCode
    reason: str
    days: int
    steps: tuple[Step, ...]
    owner: Person = ANALYST

    def is_in_force(self, *, days_ago: int) -> bool:
        """Whether the gateway obeyed this rule on the whole of that day; the day of approval is not a whole one."""
        approved = next((step.days_ago for step in self.steps if step.act == "approve"), None)
        if approved is None:
            return False
        ended = next((step.days_ago for step in self.steps if step.act == "revoke"), approved - self.days)
        return ended < days_ago < approved

    def covers(self, flow: Flow, *, source: str) -> bool:
        """Whether the rule's conditions hold for mail of `flow` from `source`; time is not looked at."""
        return (
            flow.header_from == self.header_from
            and (not self.networks or any(ip_address(source) in ip_network(net) for net in self.networks))
            and self.dkim_domain in (None, *(sign.domain for sign in flow.signatures if sign.result == "pass"))
            and (self.envelope_domain is None or (flow.spf == "pass" and flow.envelope_from == self.envelope_domain))
        )


RULES = (
    DemoRule(
        key="list",
        header_from="example.com",
        envelope_domain="lists.community.example",
        reason_code=ReasonCode.FORWARDER_OR_LIST,
        reason="Our engineers take part in this list, and it changes every message. Its operator promised to rewrite "
        "the From header within a month.",
        days=30,
        steps=(
            Step("propose", ANALYST, 76),
            Step("approve", APPROVER, 75, "Agreed for one month, until the operator has changed the list."),
        ),
    ),
    DemoRule(
        key="forwarder",
        header_from="example.com",
        networks=("203.0.113.50/32",),
        reason_code=ReasonCode.FORWARDER_OR_LIST,
        reason="Some messages that the alumni service forwards to us lose their signature on the way and are rejected.",
        days=30,
        steps=(
            Step("propose", ANALYST, 58),
            Step("approve", APPROVER, 57, "One address, one month."),
            Step("revoke", APPROVER, 52, "Nearly all of this mail passes by its signature; the rest can wait."),
        ),
    ),
    DemoRule(
        key="billing",
        header_from="example.com",
        networks=("203.0.113.0/25",),
        reason_code=ReasonCode.INTERNAL_APPLICATION,
        reason="The billing system cannot sign yet, and its provider may move it to another address of this network "
        "without telling us.",
        days=60,
        steps=(
            Step("propose", ANALYST, 41),
            Step(
                "approve", APPROVER, 40, "Until the new release signs; please narrow it when the addresses are known."
            ),
        ),
    ),
    DemoRule(
        key="payroll",
        header_from="example.com",
        dkim_domain="hrsuite.example",
        reason_code=ReasonCode.VENDOR_NOT_ALIGNED,
        reason="HRSuite changed its signing key and no longer signs as example.com. Pay slips are rejected until the "
        "vendor restores our key.",
        days=30,
        steps=(Step("propose", ANALYST, 2),),
    ),
)
