"""Large uploads: kept at once, read in the background, each mail once, whatever the worker dies of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from reports import jobs
from reports.ingest import background, pipeline
from reports.ingest.background import read_upload
from reports.ingest.ledger import LAST_TRY_LATER
from reports.models import AggregateReport, Job, Message, Organisation
from reports.vocabulary import JobKind, Role
from tests.reports.pages import logged_in, words
from tests.reports.samples import XML, report_mail
from tests.reports.stored import make_organisation, record, report

pytestmark = pytest.mark.django_db(transaction=True)
HUMAN = b"From: somebody@example.org\nTo: reports@example.com\nSubject: lunch\n\nAt noon?\n"


@pytest.fixture
def client(ours: Organisation, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("reports.views.upload.WAITED_FOR", 1000)
    return logged_in(ours, Role.ANALYST)


def mbox(mails: Sequence[bytes]) -> bytes:
    return b"".join(b"From x Tue Nov 14 22:13:20 2023\n" + mail + b"\n" for mail in mails)


def mail(number: int) -> bytes:
    return report_mail((report(record(), report_id=f"r-{number}"), "report.xml")).as_bytes()


def send(client: Client, name: str, data: bytes, **fields: Any) -> Any:
    return client.post("/upload/", {"file": [SimpleUploadedFile(name, data)], **fields})


def work(job: Job) -> bool:
    return read_upload(job.pk, clock=timezone.now, until=timezone.now() + timedelta(minutes=1))


def figures(job: Job) -> tuple[str, int, int]:
    job.refresh_from_db()
    return job.state, job.done, job.total


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_nobody_of_another_organisation_sees_it(client: Client) -> None:
    address = send(client, "reports.mbox", mbox([mail(1), mail(2)]))["Location"]
    assert logged_in(make_organisation("theirs"), Role.ADMINISTRATOR).get(address).status_code == 404


def test_a_re_read_has_no_page_here(client: Client, ours: Organisation) -> None:
    job = jobs.start(JobKind.REREAD, organisation=ours, parameters={}, total=0, at=timezone.now())
    assert client.get(f"/upload/{job.pk}/").status_code == 404


def test_a_trial_is_waited_for(client: Client) -> None:
    assert send(client, "reports.mbox", mbox([mail(1), mail(2)]), is_dry_run="on").status_code == 200
    assert not Message.objects.exists()


def test_what_is_read_by_another_worker_is_left_to_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    send(client, "reports.mbox", mbox([mail(1), mail(2)]))
    job = Job.objects.get()
    assert work(job)
    assert not work(job)


# --- What is taken ----------------------------------------------------------------------------------------------------


def test_a_large_upload_is_kept_at_once_and_read_later(client: Client) -> None:
    answer = send(client, "reports.mbox", mbox([mail(1), mail(2), mail(1), HUMAN]))
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/upload/{job.pk}/")
    assert (
        list(Message.objects.values_list("channel", "outcome", "filename", "uploaded_by__name"))
        == [("upload", None, "reports.mbox", "Analyst")] * 4
    )
    assert "0 of 4 messages" in words(client.get(f"/upload/{job.pk}/"))
    assert work(job)
    assert figures(job) == ("done", 4, 4)
    page = words(client.get(f"/upload/{job.pk}/"))
    assert "Done. 4 of 4 messages" in page
    assert "Stored 2 messages Duplicate 1 message Not a report 1 message" in page
    assert "lunch" not in page
    assert AggregateReport.objects.count() == 2


def test_a_small_upload_is_waited_for(client: Client) -> None:
    answer = send(client, "report.xml", XML)
    assert (answer.status_code, Job.objects.count(), AggregateReport.objects.count()) == (200, 0, 1)


def test_the_next_worker_goes_on_one_by_one_where_the_first_has_died(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, "reports.mbox", mbox([mail(number) for number in range(6)]))
    job = Job.objects.get()
    monkeypatch.setattr(background, "TOGETHER", 2)
    original, calls = background.read_taken_in, []

    def dies(pks: list[int], **more: Any) -> Any:
        calls.append(len(pks))
        if len(calls) == 2:
            raise SystemExit
        return original(pks, **more)

    monkeypatch.setattr(background, "read_taken_in", dies)
    with pytest.raises(SystemExit):
        work(job)
    assert figures(job) == ("running", 2, 6)
    assert work(job)
    assert (figures(job), calls, AggregateReport.objects.count()) == (("done", 6, 6), [2, 2], 6)


def test_an_upload_is_not_done_while_a_message_of_it_waits_for_its_last_try(client: Client) -> None:
    send(client, "reports.mbox", mbox([mail(1), mail(2)]))
    job, first = Job.objects.get(), Message.objects.order_by("pk")[0]
    Job.objects.update(position=background.BEGUN)
    Message.objects.filter(pk=first.pk).update(tries=2, claimed_at=timezone.now())
    assert work(job)
    assert figures(job) == ("running", 1, 2)
    Message.objects.filter(pk=first.pk).update(claimed_at=timezone.now() - LAST_TRY_LATER)
    assert work(job)
    assert figures(job) == ("done", 2, 2)


def test_a_mail_that_cannot_be_read_is_refused_and_the_others_are_stored(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, "reports.mbox", mbox([mail(1), HUMAN, mail(2)]))
    original = pipeline.read

    def fails(data: bytes, *, filename: str = "") -> Any:
        if b"lunch" in data:
            raise RuntimeError
        return original(data, filename=filename)

    monkeypatch.setattr(pipeline, "read", fails)
    job = Job.objects.get()
    assert work(job)
    assert figures(job) == ("done", 3, 3)
    assert list(Message.objects.order_by("pk").values_list("outcome", "reason")) == [
        ("stored", ""), ("refused", "reader_failed"), ("stored", ""),
    ]  # fmt: skip


def test_the_time_of_a_task_is_kept(client: Client) -> None:
    send(client, "reports.mbox", mbox([mail(1), mail(2)]))
    job = Job.objects.get()
    assert read_upload(job.pk, clock=timezone.now, until=timezone.now() - timedelta(seconds=1))
    assert figures(job) == ("running", 0, 2)
    assert work(job)
    assert figures(job) == ("done", 2, 2)
