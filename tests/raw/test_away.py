"""While the bucket does not answer, whoever asks is told so, nothing is decided without the bytes, and all goes on later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from dmarcsite.monitoring.raw_store import AWAY
from dmarcsite.tasks import beat
from reports.errors import RawStoreError
from reports.ingest import ledger
from reports.ingest.pipeline import finish_unread
from reports.ingest.sender.keys import silent
from reports.ingest.sender_checks import check_due
from reports.ingest.upload_tokens import make_token
from reports.ingest.visit import visit
from reports.models import AggregateReport, Job, LooseObject, Mailbox, Message, Organisation, RawMessage
from reports.reread.asking import ask
from reports.reread.run import run
from reports.reread.selection import Selection
from reports.tasks import check_senders, finish_interrupted, tidy_at_night
from reports.vocabulary import Channel, JobState, MailboxFault, Outcome, RawFault, Role, SenderCheck
from tests.places.yards import FolderYard
from tests.raw.conftest import Chest
from tests.reports.mailboxes import clock
from tests.reports.pages import a_person, logged_in, words
from tests.reports.samples import report_mail
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db
SORRY = "The stored mails cannot be reached now"


@pytest.fixture
def yard(organisation: Organisation, tmp_path: Path, settings: Any) -> FolderYard:
    """A watched folder with three mails."""
    settings.LOCAL_PLACES_ROOT = str(tmp_path)
    yard = FolderYard(organisation, root=tmp_path)
    for number in range(3):
        yard.put(report_mail((report(record(), report_id=f"r-{number}"), "report.xml")).as_bytes())
    return yard


def test_a_visit_notes_why_marks_nothing_and_brings_everything_at_its_usual_time(
    chest: Chest, yard: FolderYard
) -> None:
    Mailbox.objects.filter(pk=yard.mailbox.pk).update(failures=3, handled_action="move", handled_folder="Handled")
    before = yard.left()
    chest.door.puts_left = 1
    visit(yard.mailbox.pk, clock=clock)
    mailbox = Mailbox.objects.get()
    assert (mailbox.error_code, mailbox.error_detail) == (MailboxFault.RAW_STORE_AWAY, "store: unreachable")
    assert mailbox.due_at == NOW + timedelta(minutes=mailbox.interval_minutes)
    assert (yard.left(), Message.objects.count()) == (before, 0)
    chest.door.open()
    visit(yard.mailbox.pk, clock=clock)
    assert (Mailbox.objects.get().error_code, AggregateReport.objects.count()) == ("", 3)
    assert [len(mails) for mails in yard.left().values()] == [0, 3]
    assert (len(chest.names()), LooseObject.objects.count()) == (3, 0)


@pytest.mark.django_db(transaction=True)
def test_a_message_that_was_left_unread_waits_and_no_try_is_counted(chest: Chest, organisation: Organisation) -> None:
    (pk,) = ledger.take_in([ledger.Arrival(report(), Channel.UPLOAD, NOW)], organisation=organisation, at=NOW)
    chest.door.is_shut = True
    for hours in (1, 2, 3, 4):
        with pytest.raises(RawStoreError):
            list(finish_unread([pk], at=NOW + timedelta(hours=hours)))
    finish_interrupted()
    message = Message.objects.get()
    assert (message.tries, message.outcome) == (1, None)
    chest.door.open()
    (result,) = finish_unread([pk], at=timezone.now() + timedelta(hours=5))
    assert result.outcome == Outcome.STORED


def test_a_sender_is_not_judged_without_the_mail(chest: Chest, organisation: Organisation) -> None:
    upload(report_mail((report(), "report.xml")).as_bytes(), organisation=organisation, filename="")
    chest.door.is_shut = True
    check_senders()
    assert Message.objects.get().sender_checked_at is None
    chest.door.open()
    later = timezone.now() + timedelta(hours=1)
    assert check_due(clock=lambda: later, until=later + timedelta(minutes=1), lookup=silent) == 1
    assert Message.objects.get().sender_check == SenderCheck.UNVERIFIED


def test_a_reread_waits_leaves_nothing_out_and_blames_no_message(chest: Chest, organisation: Organisation) -> None:
    for number in range(3):
        upload(report(record(), report_id=f"r-{number}"), organisation=organisation)
    job = ask(Selection(), organisation=organisation, dry_run=False, at=NOW)
    chest.door.is_shut = True
    for _ in range(5):
        with pytest.raises(RawStoreError):
            run(job.pk, clock=clock)
    assert Job.objects.get().state == JobState.RUNNING
    chest.door.open()
    run(job.pk, clock=clock)
    job = Job.objects.get()
    assert (job.state, job.done, job.result["read"], job.result["left_out"]) == (JobState.DONE, 3, 3, {})


def test_a_reread_leaves_out_what_is_damaged(chest: Chest, organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    chest.write(chest.names()[0], b"damaged")
    job = ask(Selection(), organisation=organisation, dry_run=False, at=NOW)
    run(job.pk, clock=clock)
    assert Job.objects.get().result["left_out"] == {"key_gone": 1}
    assert AggregateReport.objects.count() == 1


def test_the_download_of_a_report_says_so_and_works_again_later(chest: Chest, organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    client, address = logged_in(organisation, Role.VIEWER), f"/reports/{AggregateReport.objects.get().pk}/original.xml"
    chest.door.is_shut = True
    answer = client.get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert SORRY in words(answer)
    chest.door.open()
    assert client.get(address).content == report(record())
    chest.remove(chest.names()[0])
    assert client.get(address).status_code == 404


def test_the_upload_page_says_so_and_a_second_try_stores(chest: Chest, organisation: Organisation) -> None:
    client = logged_in(organisation, Role.ANALYST)
    chest.door.is_shut = True
    answer = client.post("/upload/", {"file": SimpleUploadedFile("report.xml", report(record()))})
    assert (answer.status_code, SORRY in words(answer), Message.objects.count()) == (503, True, 0)
    chest.door.open()
    client.post("/upload/", {"file": SimpleUploadedFile("report.xml", report(record()))})
    assert AggregateReport.objects.count() == 1


def test_programs_are_told_to_come_again(chest: Chest, organisation: Organisation) -> None:
    _token, secret = make_token(viewer=a_person(organisation, Role.ADMINISTRATOR), name="gateway", at=NOW)
    chest.door.is_shut = True
    answer = Client().post(
        "/api/reports/", report(record()), content_type="application/xml", headers={"Authorization": f"Bearer {secret}"}
    )
    assert (answer.status_code, answer.json(), answer["Retry-After"]) == (503, {"error": {"code": "unavailable"}}, "60")
    assert Message.objects.count() == 0


def test_the_night_lets_go_of_rows_and_of_objects_once_the_bucket_answers(
    chest: Chest, organisation: Organisation, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(b"no report", organisation=organisation, at=NOW)
    RawMessage.objects.update(stored_at=NOW)
    chest.door.is_shut = True
    tidy_at_night()
    assert (RawMessage.objects.count(), len(chest.names()), LooseObject.objects.count()) == (0, 1, 1)
    with pytest.raises(CommandError, match="They go the next night"):
        call_command("apply_retention")
    chest.door.open()
    tidy_at_night()
    assert (chest.names(), LooseObject.objects.count()) == ([], 0)


def test_every_fault_is_explained_to_operators() -> None:
    page = (Path(__file__).parents[2] / "docs/raw-store.md").read_text()
    assert [fault for fault in RawFault if f"`{fault}`" not in page] == []


def test_two_organisations_do_not_share_an_object_for_the_same_report(chest: Chest, organisation: Organisation) -> None:
    other = make_organisation("other")
    for each in (organisation, other):
        upload(report(record()), organisation=each)
    theirs = AggregateReport.objects.get(organisation=other)
    assert logged_in(organisation, Role.VIEWER).get(f"/reports/{theirs.pk}/original.xml").status_code == 404
    assert [name.partition("/")[0] for name in chest.names()] == sorted([str(organisation.pk), str(other.pk)])


def test_the_metrics_say_whether_the_bucket_answers(chest: Chest, organisation: Organisation, client: Client) -> None:
    def figures() -> list[str]:
        lines = client.get("/metrics").content.decode().splitlines()
        return [line for line in lines if line.startswith(("sekimori_raw_bucket", "sekimori_objects"))]

    upload(report(record()), organisation=organisation)
    Message.objects.update(raw=None)
    RawMessage.objects.all().delete()
    LooseObject.objects.update(due_at=NOW)
    assert figures() == ["sekimori_raw_bucket_answers 1.0", "sekimori_objects_loose 1.0"]
    chest.door.is_shut = True
    assert figures() == ["sekimori_raw_bucket_answers 0.0", "sekimori_objects_loose 1.0"]


def test_without_a_bucket_the_metrics_say_nothing_of_one(db: None, client: Client) -> None:
    assert b"\nsekimori_raw_bucket_answers" not in client.get("/metrics").content


# --- Readiness and the first start ------------------------------------------------------------------------------------


def readiness(client: Client) -> tuple[int, object, object]:
    answer = client.get("/readyz")
    found = answer.json()
    return answer.status_code, found["degraded"], found["checks"].get("raw_store")


def test_a_bucket_that_is_away_takes_no_page_away_and_is_named(chest: Chest, db: None, client: Client) -> None:
    cache.clear()
    chest.door.is_shut = True
    beat()
    assert readiness(client) == (200, ["raw_store"], AWAY)
    chest.door.open()
    assert readiness(client) == (200, ["raw_store"], AWAY)  # no probe asks by itself
    beat()
    assert readiness(client) == (200, [], "ok")


def test_without_a_bucket_readiness_says_nothing_of_one(db: None, client: Client) -> None:
    cache.clear()
    beat()
    assert readiness(client) == (200, [], None)


def test_a_demonstration_that_its_bucket_does_not_take_ends_in_one_sentence(chest: Chest, db: None) -> None:
    chest.door.is_shut = True
    with pytest.raises(
        CommandError, match=r"^The demonstration cannot be kept: the bucket of SEKIMORI_RAW_STORE .*DEMO=0"
    ):
        call_command("demo", "--load")
    assert not Organisation.objects.exists()  # so that the next start shows the passwords of its people
