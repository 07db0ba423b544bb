"""Ingestion: the check of the sums, long work with its progress, mailboxes with their sign-ins, and what a page costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from dmarcsite.templatetags.sekimori import duration
from reports import jobs
from reports.ingest.places.secrets import sealed_secret
from reports.management.import_job import shown_as_job
from reports.models import Job, Mailbox, Message, Node, Organisation, RollupCheck, SignIn
from reports.selectors.mailboxes import Brought, mailbox_states
from reports.tasks import carry_rereads_on
from reports.vocabulary import JobKind, Outcome, Role
from tests.reports.pages import a_person, document, logged_in, words
from tests.reports.samples import XML
from tests.reports.stored import make_organisation, report, upload
from tests.reports.test_pages_parked import park

ROLE = Role.VIEWER
pytestmark = pytest.mark.django_db
FIRST, ARRIVED, REMEMBERED = 43, 36, 30
"""What the page asks the database, however much there is: at first, after something came in, and while nothing does; the log-in, the
frame and the cache, which is a table here, included."""


@pytest.mark.parametrize(
    ("seconds", "words_of_it"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.84, "0.8 s"),
        (9.94, "9.9 s"),
        (41, "41 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (8101.3, "2 h 15 min"),
        (86_399, "1 d"),
        (90_000, "1 d 1 h"),
        (864_059, "10 d"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, words_of_it: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words_of_it


def test_without_a_duration_there_is_a_dash() -> None:
    assert duration(None) == "–"


# --- The sums ---------------------------------------------------------------------------------------------------------


def sums(client: Client) -> tuple[str, str]:
    (note,) = document(client.get("/ingestion/")).xpath("//*[@id='sums']")
    return note.get("class").split()[1], " ".join(" ".join(note.itertext()).split())


def checked(*, hours: int = 1, buckets: int = 1200, differing: int = 0, repaired: int = 0) -> None:
    RollupCheck.objects.create(
        checked_at=timezone.now() - timedelta(hours=hours), buckets=buckets, differing=differing, repaired=repaired,
        duration=timedelta(seconds=75),
    )  # fmt: skip


def test_before_the_first_check_nothing_is_claimed(client: Client) -> None:
    kind, text = sums(client)
    assert kind == "note-info"
    assert text.startswith("The daily sums have not been compared with the reports yet.")


def test_sums_that_differ_are_a_warning_with_the_way_to_mend_them(client: Client) -> None:
    checked(differing=3, repaired=1)
    kind, text = sums(client)
    assert kind == "note-warning"
    assert text.startswith(
        "3 of 1,200 daily sums differed from the reports that they are made of; 1 were mended. "
        "Checked 1 hour ago , in 1 min 15 s. Run manage.py check_rollups --repair"
    )


def test_sums_that_were_mended_are_no_warning_any_more(client: Client) -> None:
    checked(differing=3, repaired=3)
    kind, text = sums(client)
    assert (kind, "check_rollups" in text) == ("note-success", False)


@pytest.mark.parametrize(("hours", "kind"), [(47, "note-success"), (49, "note-warning")])
def test_a_check_that_is_two_days_old_is_a_warning(client: Client, hours: int, kind: str) -> None:
    checked(hours=hours)
    found, text = sums(client)
    assert (found, "Look whether worker and beat run" in text) == (kind, kind == "note-warning")


def test_the_last_check_counts(client: Client) -> None:
    checked(hours=30, differing=5)
    checked(hours=6)
    assert sums(client) == (
        "note-success",
        "All 1,200 daily sums agree with the reports that they are made of. Checked 6 hours ago , in 1 min 15 s.",
    )


# --- Long work --------------------------------------------------------------------------------------------------------


def a_job(ours: Organisation, **fields: object) -> Job:
    now = timezone.now()
    given = {"kind": "reread", "state": "running", "total": 40, "done": 10, "created_at": now, "started_at": now}
    return Job.objects.create(organisation=ours, **{**given, **fields})


def work(client: Client) -> list[str]:
    items = document(client.get("/ingestion/")).xpath("//*[@id='jobs']//li")
    return [" ".join(" ".join(item.itertext()).split()) for item in items]


def test_work_of_others_and_of_long_ago_is_not_shown(client: Client, ours: Organisation) -> None:
    a_job(make_organisation("theirs"))
    a_job(ours, state="done", finished_at=timezone.now() - timedelta(days=8))
    assert work(client) == []
    assert "Nothing goes on, and nothing did in the last week." in words(client.get("/ingestion/jobs/"))


def test_an_import_cannot_be_ended_from_a_page(ours: Organisation) -> None:
    job = a_job(ours, kind="import", parameters={"unit": "reports"})
    boss = logged_in(ours, Role.ADMINISTRATOR)
    assert document(boss.get(f"/ingestion/jobs/{job.pk}/")).xpath("//form[contains(@action, 'cancel')]") == []
    assert boss.post(f"/ingestion/jobs/{job.pk}/cancel/").status_code == 404
    job.refresh_from_db()
    assert (job.state, job.cancel_asked_at) == ("running", None)


def test_what_goes_on_has_a_bar_with_a_name_and_comes_before_what_ended(client: Client, ours: Organisation) -> None:
    job = a_job(ours, started_by_name="Ann Example")
    a_job(
        ours, kind="import", state="failed", finished_at=timezone.now(), parameters={"unit": "reports"}, total=1, done=0
    )
    assert work(client) == [
        "Reading again : Messages are being read. 10 of 40 messages · begun just now · Ann Example 10 of 40 messages",
        "Import : It broke off; begin it again, and nothing is counted twice. 0 of 1 report · just now · on the server",
    ]
    page = document(client.get("/ingestion/"))
    (bar,) = page.xpath("//progress")
    assert (bar.get("value"), bar.get("max")) == ("10", "40")
    assert page.xpath(f"//label[@for='{bar.get('id')}']")[0].text == "10 of 40 messages"
    assert page.xpath("//*[@id='jobs']//li//a") == []  # a viewer may not open it
    boss = logged_in(ours, Role.ADMINISTRATOR)
    assert document(boss.get("/ingestion/")).xpath("//*[@id='jobs']//li//a/@href")[0] == f"/ingestion/jobs/{job.pk}/"


def test_it_is_asked_again_only_while_something_goes_on(client: Client, ours: Organisation) -> None:
    job = a_job(ours)
    part = client.get("/ingestion/jobs/", headers={"HX-Request": "true"}).content.decode()
    assert "every 5s" in part
    assert "<html" not in part
    jobs.finish(job, jobs.JobState.DONE, at=timezone.now())
    assert "every 5s" not in client.get("/ingestion/jobs/", headers={"HX-Request": "true"}).content.decode()
    assert "Reload" not in words(client.get("/ingestion/jobs/"))


def test_an_import_is_work_that_ended_well_badly_or_by_hand(ours: Organisation) -> None:
    for error in (None, ValueError, KeyboardInterrupt):
        try:
            with shown_as_job(ours, unit="reports") as shown:
                shown.expect(3)
                shown.add()
                if error:
                    raise error
                shown.add(2)
        except (ValueError, KeyboardInterrupt):
            pass
    found = Job.objects.order_by("pk").values_list("kind", "state", "done", "total")
    assert list(found) == [("import", "done", 3, 3), ("import", "failed", 0, 3), ("import", "cancelled", 0, 3)]


def test_a_dry_run_is_no_work_to_be_shown() -> None:
    with shown_as_job(None, unit="reports") as shown:
        shown.expect(1)
        shown.add()
    assert not Job.objects.exists()


def test_the_command_shows_its_import(ours: Organisation, tmp_path) -> None:
    (tmp_path / "report.xml").write_bytes(XML)
    call_command("import_reports", str(tmp_path))
    job = Job.objects.get()
    assert (job.kind, job.state, job.done, job.total, job.parameters) == (
        "import",
        "done",
        len(XML),
        len(XML),
        {"unit": "bytes"},
    )


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_process_is_gone_has_failed_and_one_that_lives_has_not() -> None:
    ours = make_organisation("ours")
    gone = jobs.start(JobKind.IMPORT, organisation=ours, parameters={"unit": "reports"}, total=2, at=timezone.now())
    alive = jobs.start(JobKind.IMPORT, organisation=ours, parameters={"unit": "reports"}, total=2, at=timezone.now())
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [jobs.LOCK_CLASS, alive.pk])
        carry_rereads_on()
    finally:
        other.close()
    assert dict(Job.objects.values_list("pk", "state")) == {gone.pk: "failed", alive.pk: "waiting"}


# --- Mailboxes --------------------------------------------------------------------------------------------------------


def a_mailbox(ours: Organisation, name: str = "Reports", **fields: object) -> Mailbox:
    return Mailbox.objects.create(organisation=ours, name=name, secret=sealed_secret("x"), **fields)


def test_mails_of_others_and_of_yesterday_are_not_counted(ours: Organisation) -> None:
    box, now = a_mailbox(ours), timezone.now()
    theirs = make_organisation("theirs")
    for number, (organisation, hours, outcome) in enumerate(
        [(ours, 25, "stored"), (theirs, 1, "stored"), (ours, 1, "stored"), (ours, 2, "partial"), (ours, 3, "duplicate"),
         (ours, 4, "refused"), (ours, 5, "not_a_report"), (ours, 6, None)]
    ):  # fmt: skip
        Message.objects.create(
            organisation=organisation, channel="imap", mailbox=box if organisation == ours else None, key=str(number),
            received_at=now - timedelta(hours=hours), outcome=outcome and Outcome(outcome),
        )  # fmt: skip
    (state,) = mailbox_states(a_person(ours, Role.VIEWER), now=now)
    assert state.brought == Brought(new=6, stored=2, duplicate=1, refused=1)


OAUTH = {"client_id": "00000000", "sign_in": "microsoft365"}


@pytest.mark.parametrize(
    ("settings", "sign_in", "fault", "state"),
    [
        ({}, None, "", ""),
        (OAUTH, None, "", "missing"),
        (OAUTH, {"refresh": b""}, "sign_in_missing", "missing"),
        (OAUTH, {"user_code": "ABCD", "pending_until": timedelta(minutes=-1)}, "", "missing"),
        (OAUTH, {"user_code": "ABCD", "pending_until": timedelta(minutes=1)}, "", "waiting"),
        (OAUTH, {"refresh": b"sealed"}, "sign_in_ended", "ended"),
        (OAUTH, {"refresh": b"sealed"}, "unreachable", "good"),
    ],
)
def test_the_sign_in_of_a_mailbox(
    ours: Organisation, settings: dict, sign_in: dict | None, fault: str, state: str
) -> None:
    now = timezone.now()
    box = a_mailbox(ours, kind="graph", settings=settings, error_code=fault, failures=bool(fault))
    if sign_in is not None:
        until = sign_in.pop("pending_until", None)
        SignIn.objects.create(mailbox=box, pending_until=until and now + until, **sign_in)
    (found,) = mailbox_states(a_person(ours, Role.VIEWER), now=now)
    assert found.sign_in == state


def test_who_may_not_sign_in_is_offered_no_link(client: Client, ours: Organisation) -> None:
    box = a_mailbox(ours, kind="graph", settings=OAUTH)
    link = f"/ingestion/mailboxes/{box.pk}/sign-in/"
    assert "Nobody has signed in yet." in words(client.get("/ingestion/"))
    assert link not in client.get("/ingestion/").content.decode()
    assert link in logged_in(ours, Role.ADMINISTRATOR).get("/ingestion/").content.decode()


def test_a_sign_in_says_since_when_and_until_when(client: Client, ours: Organisation) -> None:
    now = timezone.now()
    box = a_mailbox(ours, kind="graph", settings=OAUTH, last_success_at=now)
    SignIn.objects.create(
        mailbox=box, refresh=b"x", signed_in_at=now, access_until=now + timedelta(minutes=40, seconds=30)
    )
    assert "The provider's token is renewed by itself; this one ends in 40 minutes ." in words(
        client.get("/ingestion/")
    )


def test_a_failing_mailbox_says_how_long_it_waits(client: Client, ours: Organisation) -> None:
    box = a_mailbox(ours, failures=3, error_code="unreachable")
    Mailbox.objects.filter(pk=box.pk).update(due_at=timezone.now() + timedelta(hours=2, minutes=1))
    page = words(client.get("/ingestion/"))
    assert "3 failed visits in a row The pause before the next visit doubles each time, up to six hours" in page
    assert "Next visit in 2 hours" in page


def test_one_unreadable_item_makes_no_mailbox_wait(client: Client, ours: Organisation) -> None:
    a_mailbox(ours, failures=3, error_code="item_unreadable")
    assert "doubles each time" not in words(client.get("/ingestion/"))


# --- What it costs ----------------------------------------------------------------------------------------------------


def test_the_page_asks_as_much_for_little_as_for_much(
    client: Client, ours: Organisation, django_assert_num_queries
) -> None:
    for numbers, queries in ((range(1), FIRST), (range(1, 20), ARRIVED)):
        fill(ours, numbers)
        with django_assert_num_queries(queries):
            page = client.get("/ingestion/")
        with django_assert_num_queries(REMEMBERED):
            client.get("/ingestion/")
    assert len(page.context["mailboxes"]) == 20


def fill(ours: Organisation, numbers: range) -> None:
    for number in numbers:
        upload(report(report_id=f"r-{number}"), organisation=ours, at=timezone.now())
        park(ours, filename=f"{number}.xml", data=XML + b"\n" * number)
        box = a_mailbox(ours, str(number), kind="graph", settings=OAUTH)
        SignIn.objects.create(mailbox=box, refresh=b"x", signed_in_by=None)
        Node.objects.create(organisation=ours, name=str(number), slug=str(number), token_sha256=bytes([number]) * 32)
        a_job(ours, kind="import", parameters={"unit": "reports"})
        checked(hours=number)
