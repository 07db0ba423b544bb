"""What would set the product up is refused inside the demonstration, where it would vanish; deciding can be tried there."""

from __future__ import annotations

import pytest
from django.test import Client

from dmarcsite.models import RoleGrant, User
from dmarcsite.people import grants
from dmarcsite.people.errors import DemoPerson
from dmarcsite.people.first_administrator import make_organisation
from reports.access import viewer_for
from reports.models import AuditEntry, Domain, Mailbox, Membership, Node, Organisation
from reports.vocabulary import Role
from tests.exceptions.cast import NOW
from tests.exceptions.pages import text, tree

SENTENCE = "would vanish with it"
SHOWN = ("/people/", "/domains/", "/nodes/", "/ingestion/")
ADDRESSES = ("/ingestion/mailboxes/new/", "/organisation/settings/")
FORMS = {
    "/people/propose/": {"email": "dan@example.com", "role": "viewer"},
    "/people/proposals/1/second/": {},
    "/people/proposals/1/refuse/": {},
    "/people/members/1/end/": {},
    "/ingestion/mailboxes/new/": {"name": "Reports"},
    "/nodes/enrol/": {"name": "mx.example.com"},
    "/domains/name/": {"name": "new.example", "kind": "own"},
    "/organisation/settings/": {"name": "New"},
}


@pytest.fixture
def own(db: None) -> Organisation:
    return make_organisation(name="Example", slug="example")


@pytest.fixture
def demo(db: None) -> Organisation:
    return make_organisation(name="Demo organisation", slug="demo", is_demo=True)


@pytest.fixture
def administrator(own: Organisation, demo: Organisation) -> User:
    user = User.objects.create_user("ann@example.com")
    for organisation in (own, demo):
        Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
    return user


@pytest.fixture
def guide(administrator: User) -> Client:
    """The administrator, looking at the demo."""
    client = Client()
    client.force_login(administrator)
    client.post("/organisation/", {"organisation": "demo"})
    return client


def standing() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (RoleGrant, Membership, Mailbox, Node, Domain, AuditEntry))


def test_nothing_of_it_happens_in_the_demonstration(guide: Client, demo: Organisation) -> None:
    before = standing()
    for path in ADDRESSES:
        answer = guide.get(path)
        assert (answer.status_code, SENTENCE in text(answer)) == (409, True), path
    for path, data in FORMS.items():
        answer = guide.post(path, data)
        assert (answer.status_code, SENTENCE in text(answer)) == (409, True), path
    demo.refresh_from_db()
    assert (standing(), demo.name) == (before, "Demo organisation")


@pytest.mark.parametrize("path", SHOWN)
def test_pages_of_the_demonstration_lead_home_in_the_place_of_their_buttons(guide: Client, path: str) -> None:
    answer = guide.get(path)
    assert answer.status_code == 200
    notes = tree(answer).xpath("//main//div[contains(@class, 'note-info')]")
    (note,) = [each for each in notes if SENTENCE in each.text_content()]
    (button,) = note.xpath(".//form[@action='/organisation/']//button")
    assert (button.get("value"), button.text_content().strip()) == ("example", "Go to Example")
    assert set(tree(answer).xpath("//main//form[@method='post']/@action")) == {"/organisation/"}


def test_the_button_leads_there_and_everything_is_possible(guide: Client) -> None:
    assert guide.post("/organisation/", {"organisation": "example"}).status_code == 302
    assert SENTENCE not in text(guide.get("/people/"))
    assert guide.post("/people/propose/", FORMS["/people/propose/"]).status_code == 200
    assert RoleGrant.objects.get().organisation.slug == "example"


def test_the_banner_leads_home_only_those_who_have_one(guide: Client, demo: Organisation) -> None:
    banner = "//section[@class='demo-banner']//form[@action='/organisation/']//button/@value"
    assert tree(guide.get("/")).xpath(banner) == ["example"]
    visitor = Client()
    user = User.objects.create_user("approver@demo.example", is_demo=True)
    Membership.objects.create(user=user, organisation=demo, role=Role.APPROVER)
    visitor.force_login(user)
    assert tree(visitor.get("/")).xpath(banner) == []


def test_whoever_may_not_anywhere_is_refused_as_ever(demo: Organisation) -> None:
    visitor = Client()
    user = User.objects.create_user("analyst@demo.example", is_demo=True)
    Membership.objects.create(user=user, organisation=demo, role=Role.ANALYST)
    visitor.force_login(user)
    assert [visitor.get(path).status_code for path in ADDRESSES] == [403, 403]
    assert SENTENCE not in text(visitor.get("/nodes/"))


def test_deciding_can_be_tried_in_the_demonstration(guide: Client) -> None:
    paths = ("/exceptions/new/", "/enforcement/change/", "/upload/")
    assert [guide.get(path).status_code for path in paths] == [200, 200, 200]


def test_people_of_the_demonstration_get_no_role_elsewhere(administrator: User) -> None:
    User.objects.create_user("analyst@demo.example", is_demo=True)
    viewer = viewer_for(administrator, organisation_slug="example")
    assert viewer is not None
    with pytest.raises(DemoPerson):
        grants.role_propose(viewer=viewer, email="Analyst@demo.example", role=Role.VIEWER, at=NOW)
    client = Client()
    client.force_login(administrator)
    client.post("/organisation/", {"organisation": "example"})
    answer = client.post("/people/propose/", {"email": "analyst@demo.example", "role": "viewer"})
    assert answer.status_code == 409
    assert "This address belongs to a person of the demonstration, who has no role anywhere else." in text(answer)
    assert RoleGrant.objects.count() == 0
