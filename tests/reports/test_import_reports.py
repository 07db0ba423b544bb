"""`manage.py import_reports`: the public lines of --jsonl, the dry run without a database, folders and mbox files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports.ingest.files import take_files
from reports.ingest.importing import importer
from reports.models import AggregateReport, Message, Organisation
from tests.reports.samples import BEGIN, END, GZ, XML, failure_mail, report_mail
from tests.reports.stored import make_organisation, record, report

ROOT = Path(__file__).resolve().parents[2]
LETTER = b"From: somebody@example.com\nSubject: lunch\n\nAt noon?\n"
COMPLAINT = failure_mail().replace(b"Feedback-Type: auth-failure", b"Feedback-Type: abuse")

XML_MAIL = report_mail((XML, "a.xml")).as_bytes()


def mbox(*mails: bytes) -> bytes:
    return b"".join(b"From reports@example.com Tue Nov 14 22:13:20 2023\n" + mail + b"\n" for mail in mails)


def dry(*arguments: str | Path, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with a database that does not exist."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@/none?host=/nonexistent", "REDIS_URL": "unix:///nonexistent"}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", "import_reports", *arguments],
        cwd=cwd, env={**os.environ, **nowhere, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def imported(*arguments: str | Path) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("import_reports", "--jsonl", *map(str, arguments), stdout=out)
    return lines(out.getvalue())


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_path_that_is_not_there_is_one_clear_sentence() -> None:
    done = dry("--dry-run", "--jsonl", "no/such/file")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no file or folder no/such/file." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_without_an_organisation_nothing_is_imported(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no organisation yet"):
        imported(tmp_path)


@pytest.mark.django_db
def test_with_several_organisations_one_must_be_named(tmp_path: Path) -> None:
    for slug in ("one", "two"):
        make_organisation(slug)
    make_organisation("demo", is_demo=True)
    (tmp_path / "a.xml").write_bytes(XML)
    with pytest.raises(CommandError, match="--organisation with one of one, two"):
        imported(tmp_path)
    with pytest.raises(CommandError, match="There are: demo, one, two"):
        imported("--organisation", "three", tmp_path)
    assert not Message.objects.exists()
    imported("--organisation", "two", tmp_path)
    assert Message.objects.get().organisation.slug == "two"


def test_a_folder_without_a_file_is_said_beside_the_lines(tmp_path: Path) -> None:
    done = dry("--dry-run", "--jsonl", tmp_path)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (0, "", "No file is there to be read.")


def test_a_broken_link_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a.xml").write_bytes(XML)
    done = dry("--dry-run", "--jsonl", tmp_path)
    assert [line["path"] for line in lines(done.stdout)] == [str(tmp_path / "a.xml")]


# --- The public lines -------------------------------------------------------------------------------------------------


def test_a_dry_run_needs_no_database_and_prints_nothing_but_its_lines(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    files = {"a.xml": XML, "b/c.xml.gz": GZ, "b/d.eml": failure_mail(), "e.eml": LETTER, "f.eml": COMPLAINT, "g": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = dry("--dry-run", "--jsonl", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = lines(done.stdout)
    assert [(line["path"], line["outcome"], line["reason"]) for line in found] == [
        (str(tmp_path / "a.xml"), "stored", ""),
        (str(tmp_path / "b/c.xml.gz"), "duplicate", "stored_before"),
        (str(tmp_path / "b/d.eml"), "stored", ""),
        (str(tmp_path / "e.eml"), "not_a_report", "no_report_found"),
        (str(tmp_path / "f.eml"), "not_a_report", "abuse_complaint"),
        (str(tmp_path / "g"), "refused", "empty"),
    ]
    aggregate = {
        "kind": "aggregate", "reporter": "Receiver Example", "report_id": "r-1", "domain": "example.com",
        "begin": BEGIN, "end": END, "rows": 1, "messages": 2, "rows_dropped": 0, "repairs": [],
    }  # fmt: skip
    assert found[0]["reports"] == found[1]["reports"] == [aggregate]
    assert (found[2]["reports"][0]["kind"], found[2]["reports"][0]["messages"]) == ("failure", 3)
    assert [set(line) for line in found] == [{"path", "outcome", "reason", "reports"}] * 6
    assert found[3]["reports"] == found[4]["reports"] == found[5]["reports"] == []


def test_a_path_is_absolute_without_dots_and_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(XML)
    (tmp_path / "b").mkdir()
    found = lines(dry("--dry-run", "--jsonl", "../a.xml", tmp_path, cwd=tmp_path / "b").stdout)
    assert [(line["path"], line["outcome"]) for line in found] == [(str(tmp_path / "a.xml"), "stored")]


def test_rejected_rows_are_neither_rows_nor_messages(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(report(record(count=5), record("nowhere", 100), record(count=7)))
    (line,) = lines(dry("--dry-run", "--jsonl", tmp_path).stdout)
    (facts,) = line["reports"]
    assert (line["outcome"], line["reason"]) == ("partial", "rows_rejected")
    assert (facts["rows"], facts["messages"], facts["rows_dropped"]) == (2, 12, 1)


def test_repairs_are_codes_each_once(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(
        b"\xef\xbb\xbf" + report(record(count=1), record(count=2)).replace(b"<email>", b"<e>")
    )
    (line,) = lines(dry("--dry-run", "--jsonl", tmp_path).stdout)
    repairs = line["reports"][0]["repairs"]
    assert "byte_order_mark" in repairs
    assert len(repairs) == len(set(repairs))


@pytest.mark.parametrize(
    ("mails", "outcome", "reason", "reports"),
    [
        ((LETTER, LETTER), "not_a_report", "no_report_found", 0),
        ((XML_MAIL, LETTER), "stored", "", 1),
        ((XML_MAIL, XML_MAIL), "stored", "", 2),
        ((XML_MAIL, report_mail((b"PK\x03\x04 no", "a.zip")).as_bytes()), "partial", "damaged_archive", 1),
        ((report_mail((b"PK\x03\x04 no", "a.zip")).as_bytes(), LETTER), "refused", "damaged_archive", 0),
        ((XML_MAIL, failure_mail()), "stored", "", 2),
    ],
)  # fmt: skip
def test_an_mbox_is_one_line(tmp_path: Path, mails: tuple[bytes, ...], outcome: str, reason: str, reports: int) -> None:
    (tmp_path / "box").write_bytes(mbox(*mails))
    (line,) = lines(dry("--dry-run", "--jsonl", tmp_path / "box").stdout)
    assert (line["outcome"], line["reason"], len(line["reports"])) == (outcome, reason, reports)


def test_names_that_are_no_unicode_and_an_ascii_terminal_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"b\xfcro \xe6\x97\xa5.xml")).write_bytes(report(record(), org_name="Büro 日本"))
    done = dry("--dry-run", "--jsonl", tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stderr
    (line,) = lines(done.stdout)
    assert line["reports"][0]["reporter"] == "Büro 日本"


# --- Into the database ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_import_says_what_the_dry_run_said_and_then_knows_it_all(tmp_path: Path) -> None:
    make_organisation()
    for name, content in {
        "a.xml": XML, "b.xml": XML + b"\n", "c.eml": failure_mail(), "d.eml": LETTER, "e": mbox(XML_MAIL, LETTER),
        "f.xml": report(record(count=9)),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    promised = lines(dry("--dry-run", "--jsonl", tmp_path).stdout)
    assert imported(tmp_path) == promised
    assert [line["outcome"] for line in imported(tmp_path, tmp_path / "a.xml")] == [
        "duplicate", "duplicate", "duplicate", "not_a_report", "duplicate", "duplicate",
    ]  # fmt: skip
    assert Message.objects.count() == 14
    assert list(AggregateReport.objects.order_by("pk").values_list("messages", "sightings")) == [(2, 6), (9, 2)]
    assert set(Message.objects.values_list("filename", flat=True)) == {"a.xml", "b.xml", "c.eml", "d.eml", "e", "f.xml"}


@pytest.mark.django_db
def test_a_large_mbox_is_stored_in_several_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_organisation()
    mails = [report_mail((report(record(count=n), report_id=f"r-{n}"), "a.xml")).as_bytes() for n in range(1, 8)]
    (tmp_path / "box").write_bytes(mbox(*mails))
    (tmp_path / "a.xml").write_bytes(XML)
    monkeypatch.setattr("reports.ingest.files.BATCH_MESSAGES", 3)
    first, second = imported(tmp_path / "box", tmp_path / "a.xml")
    assert [facts["messages"] for facts in first["reports"]] == list(range(1, 8))
    assert (first["outcome"], second["outcome"], len(second["reports"])) == ("stored", "stored", 1)


@pytest.mark.django_db
def test_without_jsonl_a_line_says_what_became_of_a_file(tmp_path: Path) -> None:
    organisation: Organisation = make_organisation()
    (tmp_path / "a.xml").write_bytes(XML)
    (tmp_path / "b.xml").write_bytes(b"")
    out = StringIO()
    call_command("import_reports", str(tmp_path), "--organisation", organisation.slug, stdout=out)
    assert out.getvalue().splitlines() == [
        f"{tmp_path}/a.xml: stored, 1 report.",
        f"{tmp_path}/b.xml: refused, 0 reports. It is empty.",
    ]


@pytest.mark.django_db
def test_of_a_large_mbox_only_what_is_to_be_named_is_kept(tmp_path: Path) -> None:
    take = importer(make_organisation(), clock=timezone.now)
    (tmp_path / "box").write_bytes(mbox(XML_MAIL, LETTER, failure_mail()))
    ((_, result),) = take_files([tmp_path / "box"], take=take)
    assert (result.outcome, result.reports, result.unnamed) == ("stored", (), 2)
    ((_, again),) = take_files([tmp_path / "box"], take=take, named=True)
    assert (again.outcome, len(again.reports), again.unnamed) == ("duplicate", 2, 0)
