"""Owns a site that is lived in: the demo organisation, and an organisation of five people with something on every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reports.vocabulary import Role
from tests.website.site import ADMINISTRATOR, Site
from tests.website.visitor import Visitor, administrator, invited

OURS = "organisation"
DEMO = "demo"
REASON = "The vendor cannot sign with our domain before its next release; the change is ordered."


@dataclass(frozen=True)
class House:
    """`people` has one visitor of our own organisation per role; `guide` is the administrator who looks at the demo."""

    site: Site
    people: Mapping[Role, Visitor]
    guide: Visitor

    def number(self, statement: str, *parameters: object) -> int:
        """The one number that the database answers; it must answer one."""
        found = self.site.rows(statement, *parameters)
        assert found, f"nothing found by {statement}"
        return int(found[0][0])


def furnished(site: Site) -> House:
    """Invite the people and let them do what gives every page something to show."""
    people = {Role.ADMINISTRATOR: administrator(site)}
    people[Role.ADMINISTRATOR].choose_organisation(OURS)  # the demo is shown while it alone holds reports
    for role in (Role.VIEWER, Role.ANALYST, Role.APPROVER, Role.AUDITOR):
        email = f"{role.value}@example.com"
        people[role] = invited(site, people[Role.ADMINISTRATOR], email=email, name=role.value.title(), role=role.value)
    guide = Visitor(site)
    guide.log_in(ADMINISTRATOR)
    guide.choose_organisation(DEMO)
    house = House(site, people, guide)
    _mailbox_and_node(people[Role.ADMINISTRATOR])
    _done(people[Role.ADMINISTRATOR].post("/ingestion/reread/", {"outcome": "refused", "dry_run": "on"}))
    _invitation(people[Role.ADMINISTRATOR])
    _tls_endpoint(house)
    _large_upload(people[Role.ANALYST])
    return house


def upload(visitor: Visitor, files: Sequence[tuple[str, bytes]]) -> None:
    """Bring report files in through the upload page."""
    visitor.get("/upload/")
    answer = visitor.post("/upload/", files=[("file", (name, content)) for name, content in files])
    assert answer.status_code == 200, f"the upload was not taken: {answer.status_code}"


def decide(house: House) -> None:
    """A draft, a proposed rule, an approved one, a stricter mode, and a proposal to loosen it; after reports are in."""
    approver, boss = house.people[Role.APPROVER], house.people[Role.ADMINISTRATOR]
    request_rule(house, network="198.51.100.1", then="save")
    request_rule(house, network="198.51.100.2", then="ask")
    approved = request_rule(house, network="198.51.100.3", then="ask")
    _done(approver.post(f"/exceptions/{approved}/approve/", {"seen_version": "1", "reason": ""}))
    _done(boss.post("/enforcement/tighten/", {"mode": "reject", "share": "100", "reason": ""}))
    _done(boss.post("/enforcement/loosen/", {"mode": "monitor", "share": "100", "reason": "Too early."}))


def request_rule(house: House, *, network: str, then: str) -> int:
    """The analyst writes a rule down ("save") or asks for its approval too ("ask"); the value is its number."""
    owner = house.number("SELECT id FROM dmarcsite_user WHERE email = %s", "analyst@example.com")
    answer = house.people[Role.ANALYST].post("/exceptions/new/", {**_rule(owner), "networks": network, "then": then})
    _done(answer)
    return int(answer.headers["Location"].rstrip("/").rpartition("/")[2])


def _invitation(boss: Visitor) -> None:
    """Somebody who was invited and did not come yet."""
    assert boss.post("/people/propose/", {"email": "late@example.com", "role": "viewer"}).status_code == 200


def _mailbox_and_node(boss: Visitor) -> None:
    given = {
        "name": "Reports", "host": "imap.example.com", "port": "993", "tls": "implicit", "username": "reports",
        "password": "secret", "folder": "INBOX", "handled_action": "flag", "refused_action": "leave",
        "interval_minutes": "15",
    }  # fmt: skip
    _done(boss.post("/ingestion/mailboxes/new/?kind=imap", given))
    at_provider = {
        "name": "Reports at the provider", "username": "reports@example.com", "folder": "Inbox", "client_id": "0000",
        "handled_action": "flag", "refused_action": "leave", "interval_minutes": "15",
    }  # fmt: skip
    _done(boss.post("/ingestion/mailboxes/new/?kind=graph", at_provider))  # it is not visited: is_enabled is not sent
    assert boss.post("/nodes/enrol/", {"name": "mx.example.com"}).status_code == 200
    assert boss.post("/ingestion/tokens/", {"name": "Uploader"}).status_code == 200


def _large_upload(visitor: Visitor) -> None:
    """An upload that is read in the background; it holds no report."""
    visitor.get("/upload/")
    _done(visitor.post("/upload/", files=[("file", ("large.txt", b"No report.\n" * 200_000))]))


def _tls_endpoint(house: House) -> None:
    """A domain that is confirmed, and an address for TLS reports about it."""
    boss = house.people[Role.ADMINISTRATOR]
    _done(boss.post("/domains/name/", {"name": "tls.example.com", "kind": "own"}))
    domain = house.number("SELECT id FROM reports_domain WHERE name = %s", "tls.example.com")
    assert boss.post("/tls/endpoints/", {"domain": str(domain)}).status_code == 200
    _done(boss.post(f"/domains/{domain}/hold/", {"act": "hold", "reason": "A court has asked for it."}))


def _rule(owner: int) -> dict[str, str]:
    ends = datetime.now(tz=UTC) + timedelta(days=20)
    return {
        "header_from": "example.com",
        "action": "deliver",
        "reason_code": "vendor_not_aligned",
        "reason_text": REASON,
        "owner": str(owner),
        "expires_at": ends.strftime("%Y-%m-%dT%H:%M"),
    }


def _done(answer: object) -> None:
    status = getattr(answer, "status_code", None)
    assert status == 302, f"{getattr(answer, 'url', '')}: {status} {getattr(answer, 'text', '')[-3000:]}"
