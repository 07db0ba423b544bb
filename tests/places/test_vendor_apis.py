"""What the web interfaces of providers refuse or put off, and where a token may go."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from reports.errors import MailboxBusy, MailboxError, MailboxMisconfigured
from reports.ingest.places import web
from reports.ingest.places.api import Api
from reports.ingest.places.place import Mark, open_place
from reports.ingest.places.registry import way_to
from reports.ingest.visit import LONGEST_WAIT, visit
from reports.models import Mailbox, SignIn
from reports.vocabulary import MailboxFault
from tests.places.conftest import an_organisation
from tests.places.vendor_apis import PAGE, Account, Mail, VendorApis
from tests.places.vendor_yards import GmailYard, GraphYard
from tests.reports.mailboxes import change_settings, clock
from tests.reports.samples import XML, report_mail

pytestmark = pytest.mark.django_db(transaction=True)
MAIL = report_mail((XML, "report.xml")).as_bytes()


@pytest.fixture(params=[GraphYard, GmailYard])
def vendor_yard(request: pytest.FixtureRequest, vendor_apis: VendorApis) -> Any:
    return request.param(an_organisation(), apis=vendor_apis)


@pytest.fixture
def api(vendor_apis: VendorApis) -> Any:
    """An interface that notes how long it is told to wait, and its account."""
    account = vendor_apis.accounts["t"] = Account("anna@example.com")
    waited: list[float] = []
    root = f"{vendor_apis.url}/gmail"
    with ExitStack() as stack:
        client = stack.enter_context(web.client())
        yield Api(client, root, f"{root}/users/me", "t", lambda: None, {}, waited.append), account, waited


def test_a_refused_token_is_forgotten_and_told(vendor_yard: Any) -> None:
    vendor_yard.account.answers = [(401, {})]
    assert visit(vendor_yard.mailbox.pk, clock=clock)
    assert Mailbox.objects.get(pk=vendor_yard.mailbox.pk).error_code == MailboxFault.TOKEN_REFUSED
    assert bytes(SignIn.objects.get(mailbox=vendor_yard.mailbox).access) == b""


def test_a_missing_permission_and_a_missing_folder_are_told(vendor_yard: Any) -> None:
    vendor_yard.account.answers = [(403, {})]
    with pytest.raises(MailboxMisconfigured) as raised, open_place(way_to(vendor_yard.mailbox)):
        pass
    assert raised.value.code == MailboxFault.SCOPE_REFUSED
    vendor_yard.account.places.clear()
    with pytest.raises(MailboxMisconfigured) as raised, open_place(way_to(vendor_yard.mailbox)):
        pass
    assert raised.value.code == MailboxFault.FOLDER_MISSING


def test_a_mail_that_the_service_refuses_holds_up_no_other(vendor_yard: Any) -> None:
    vendor_yard.put(MAIL)
    with open_place(way_to(vendor_yard.mailbox)) as place:
        (key,) = next(iter(place.windows()))
        vendor_yard.account.answers = [(400, {})]
        found = place.fetch([key])
    assert (found.mails, list(found.unreadable)) == ({}, [key])


def test_who_is_put_off_waits_as_told_and_gives_up_in_time(api: Any) -> None:
    talk, account, waited = api
    account.answers = [(429, {"Retry-After": "7"}), (503, {}), (503, {})]
    assert talk.get("/profile") == {"emailAddress": "anna@example.com"}
    assert waited == [7.0, 2.0, 4.0]
    account.answers = [(429, {"Retry-After": "3600"})]
    with pytest.raises(MailboxError) as raised:
        talk.get("/profile")
    assert isinstance(raised.value, MailboxBusy)
    assert (raised.value.code, raised.value.seconds, len(waited)) == (MailboxFault.PROVIDER_BUSY, 3600.0, 3)
    account.answers = [(503, {})] * 4
    with pytest.raises(MailboxError):
        talk.get("/profile")
    assert len(waited) == 6


def test_an_answer_beyond_the_limit_is_not_kept(api: Any) -> None:
    talk, _, _ = api
    with pytest.raises(MailboxError) as raised:
        talk.get_bytes("/profile", most=5)
    assert raised.value.code == MailboxFault.SERVER_REFUSED


def test_a_next_page_elsewhere_gets_no_token(api: Any, vendor_apis: VendorApis) -> None:
    talk, account, _ = api
    account.answers = [(404, {})]
    assert talk.get("https://elsewhere.example.com/users/me") is None
    assert account.answers == []


def test_the_next_visit_comes_no_earlier_than_the_service_asks(vendor_yard: Any) -> None:
    vendor_yard.account.answers = [(429, {"Retry-After": "7200"})]
    assert visit(vendor_yard.mailbox.pk, clock=clock)
    after = Mailbox.objects.get(pk=vendor_yard.mailbox.pk)
    assert (after.error_code, after.due_at - clock()) == (MailboxFault.PROVIDER_BUSY, timedelta(hours=2))
    vendor_yard.account.answers = [(429, {"Retry-After": "864000"})]
    visit(vendor_yard.mailbox.pk, clock=clock)
    assert Mailbox.objects.get(pk=vendor_yard.mailbox.pk).due_at - clock() == LONGEST_WAIT


@pytest.mark.parametrize("path", ["Inbox/DMARC's", "inbox/DMARC's", "受信トレイ/DMARC's", "Junk Email"])
def test_a_folder_of_graph_is_found_by_its_path_and_by_well_known_names(vendor_apis: VendorApis, path: str) -> None:
    yard = GraphYard(an_organisation(), apis=vendor_apis)
    account = yard.account
    account.places |= {
        "in=": "受信トレイ",
        "junk=": "迷惑メール",
        "other=": "DMARC's",
    }
    account.well_known |= {"inbox": "in=", "junkemail": "junk="}
    account.places[yard.start] = "DMARC's"
    account.parents[yard.start] = "in="
    yard.put(MAIL)
    account.mails["spam="] = Mail(MAIL, "junk=")
    change_settings(yard.mailbox, folder=path)
    yard.mailbox.refresh_from_db()
    with open_place(way_to(yard.mailbox)) as place:
        assert list(place.windows()) == [["spam="] if path == "Junk Email" else ["id+0001="]]


def test_graph_is_listed_page_by_page_to_the_end_and_folders_are_made_below_others(vendor_apis: VendorApis) -> None:
    yard = GraphYard(an_organisation(), apis=vendor_apis)
    for number in range(2 * PAGE + 1):
        yard.put(b"mail %d" % number)
    with open_place(way_to(yard.mailbox)) as place:
        (keys,) = place.windows()
        assert len(keys) == 2 * PAGE + 1
        for _ in range(2):
            place.acknowledge(keys[:1], Mark.HANDLED, action=Mailbox.Action.MOVE, target="Done/2026")
    ((done, _), (year, parent)) = yard.account.parents.items()
    assert (yard.account.places[done], yard.account.places[year], parent) == ("Done", "2026", done)
    assert yard.account.mails[keys[0]].place == year
