"""`manage.py import_parsedmarc`: what the real parsedmarc wrote comes in as what its mails would have brought."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from reports.errors import Unreadable
from reports.ingest.parsedmarc import files
from reports.ingest.parsedmarc.files import reports_in
from reports.ingest.parsedmarc.values import text
from reports.ingest.read import read
from reports.models import AggregateReport, AggregateRow, DomainDay, FailureReport, Message, Sighting
from reports.vocabulary import Reason
from tests.reports.samples import BEGIN, END, aggregate_xml, failure_mail, record_xml, report_mail
from tests.reports.stored import make_organisation, record, report, upload

PARSEDMARC = Path(sys.executable).with_name("parsedmarc")
WHOLE = aggregate_xml(
    record_xml(
        evaluated=(
            "<disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf>"
            "<reason><type>mailing_list</type><comment>a &lt; b</comment></reason>"
        ),
        identifiers=(
            "<envelope_to>receiver.example</envelope_to><header_from>example.com</header_from>"
            "<envelope_from>bounce.example</envelope_from>"
        ),
    ),
    record_xml(source_ip="<source_ip>2001:db8::1</source_ip>", count="<count>7</count>"),
).encode()
"""Says everything that parsedmarc would fill in."""
WEEK = report(
    record(count=10), record("192.0.2.2", 1), record("192.0.2.2", 1), report_id="week@mx1", end=BEGIN + 7 * 86_400
)
TLS = {
    "organization-name": "Receiver Example",
    "date-range": {"start-datetime": "2023-11-14T00:00:00Z", "end-datetime": "2023-11-14T23:59:59Z"},
    "contact-info": "tls@receiver.example",
    "report-id": "t-1",
    "policies": [
        {
            "policy": {"policy-type": "sts", "policy-string": ["version: STSv1"], "policy-domain": "example.com"},
            "summary": {"total-successful-session-count": 3, "total-failure-session-count": 1},
            "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 1}],
        }
    ],
}
MAILS = {
    "a.eml": report_mail((gzip.compress(WHOLE), "a.xml.gz")).as_bytes(),
    "b.eml": report_mail((gzip.compress(WEEK), "b.xml.gz")).as_bytes(),
    "c.eml": failure_mail(),
    "tls.json": json.dumps(TLS).encode(),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that parsedmarc wrote, far from UTC."""
    folder = tmp_path_factory.mktemp("parsedmarc")
    _run(folder, "--offline", "-s", "-o", str(folder / "out"), *_mails(folder))
    return folder / "out"


def _mails(folder: Path) -> list[str]:
    (folder / "mails").mkdir()
    for name, content in MAILS.items():
        (folder / "mails" / name).write_bytes(content)
    return [str(folder / "mails" / name) for name in MAILS]


def _run(folder: Path, *arguments: str) -> None:
    environ = {**os.environ, "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [PARSEDMARC, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def tables(services: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The URL of a database that parsedmarc wrote."""
    place, _, _ = services["DATABASE_URL"].rpartition("/")
    with psycopg.connect(services["DATABASE_URL"], autocommit=True) as server:
        server.execute("CREATE DATABASE from_parsedmarc")
        try:
            url = f"{place}/from_parsedmarc"
            config = f"[general]\noffline = True\nsilent = True\nsave_aggregate = True\nsave_failure = True\nsave_smtp_tls = True\n[postgresql]\nconnection_string = {url}\n"
            (tmp_path / "parsedmarc.ini").write_text(config)
            _run(tmp_path, "-c", str(tmp_path / "parsedmarc.ini"), *_mails(tmp_path))
            yield url
        finally:
            server.execute("DROP DATABASE from_parsedmarc WITH (FORCE)")


def imported(*arguments: str | Path) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("import_parsedmarc", "--jsonl", *map(str, arguments), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def outcomes(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Sorted: parsedmarc writes in no order."""
    return sorted((line["reports"][0]["report_id"], line["outcome"]) for line in found if line["reports"])


ROW = (
    "source_ip", "count", "disposition", "dkim", "spf", "header_from", "envelope_from", "envelope_to", "reasons",
    "dkim_results", "spf_results",
)  # fmt: skip


def rows(report_id: str) -> list[tuple[Any, ...]]:
    found = AggregateRow.objects.filter(report__report_id=report_id).order_by("position")
    return list(found.values_list(*ROW))


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_missing_file_and_a_broken_one_are_told_and_the_others_go_on(tmp_path: Path, written: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text((written / "aggregate.json").read_text()[:-40])
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as raised:
        call_command(
            "import_parsedmarc", "--dry-run", "--jsonl", "--json", str(tmp_path / "none.json"), str(broken),
            str(written / "failure.json"), stdout=out, stderr=err,
        )  # fmt: skip
    kinds = [json.loads(line)["reports"][0]["kind"] for line in out.getvalue().splitlines()]
    assert kinds == ["aggregate", "failure"]
    assert str(raised.value) == "Not everything could be read."  # nothing is stored by a dry run
    assert err.getvalue().splitlines()[-1] == f"{broken}: It is not JSON to its end."
    assert [line.partition(": ")[0] for line in err.getvalue().splitlines()] == [
        str(tmp_path / "none.json"),
        str(broken),
    ]


def test_objects_that_are_no_reports_are_told_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"name": 1}, {"report_metadata": {}, "policy_published": 5, "records": []}]')
    found = imported("--dry-run", "--json", tmp_path / "a.json")
    assert [(line["number"], line["outcome"], line["reason"]) for line in found] == [
        (1, "not_a_report", "other_json"),
        (2, "refused", "no_domain"),
    ]


def test_a_database_that_is_not_there_is_one_sentence_without_the_password() -> None:
    with pytest.raises(CommandError, match="parsedmarc's database cannot be read") as raised:
        call_command("import_parsedmarc", "--dry-run", "--postgresql", "postgresql://me:hush@/x?host=/nonexistent")
    assert "hush" not in str(raised.value)


MANY_OBJECTS = (
    b'{"report_metadata": {}, "policy_published": {}, "records": [' + b"{}," * 2_000_000 + b"{}]}",
    b'{"organization_name": "a", "begin_date": "c", "report_id": "b", "policies": [' + b"{}," * 2_000_000 + b"{}]}",
    b'{"organization_name": "a", "begin_date": "c", "report_id": "b", "policies": [' + b"{}," * 10_000 + b"{}]}",
    b'{"arrival_date_utc": "", "reported_domain": "", "sample": [' + b"1," * 8_000_000 + b"1]}",
)


@pytest.mark.parametrize("data", MANY_OBJECTS, ids=["records", "policies", "some policies", "values"])
def test_an_object_that_would_take_gigabytes_is_refused_before_it_is_read(data: bytes) -> None:
    tracemalloc.start()
    try:
        found = read(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [problem.code for problem in found.problems] == [Reason.TOO_MANY_ELEMENTS]
    assert peak < 4 << 20


def test_a_file_with_such_an_object_is_given_up_before_its_memory_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_OBJECTS", 1000)
    (tmp_path / "a.json").write_text('[{"name": 1}, {"records": [' + "{}," * 500_000 + "{}]}]")
    given: list[int] = []
    with pytest.raises(Unreadable) as refused:
        given.extend(found.number for found in reports_in(tmp_path / "a.json"))
    assert refused.value.code == Reason.TOO_MANY_ELEMENTS
    assert given == [1]


def test_an_object_that_nests_too_deep_is_no_report_and_the_others_go_on(tmp_path: Path) -> None:
    nested = ('{"report_metadata": 1, "x": ' + '{"a":' * depth + "1" + "}" * depth + "}" for depth in range(800, 1000))
    (tmp_path / "a.json").write_text("\n".join(nested))
    with suppress(CommandError):  # what is deeper still breaks the file off
        found = imported("--dry-run", "--json", tmp_path / "a.json")
        assert {line["outcome"] for line in found} == {"not_a_report"}


def test_values_of_another_type_are_empty() -> None:
    assert [text(each) for each in ("a", 1, 1.5, None, {"a": 1}, [1])] == ["a", "1", "1.5", "", "", ""]


def test_one_source_must_be_named_and_an_unknown_zone_is_refused() -> None:
    with pytest.raises(CommandError, match="one of the arguments --json --postgresql is required"):
        call_command("import_parsedmarc")
    with pytest.raises(CommandError, match="no time zone Mars/Base"):
        call_command("import_parsedmarc", "--json", "x", "--timezone", "Mars/Base")


# --- JSON files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["array", "lines", "arrays", "printed"])
def test_every_layout_of_the_files_gives_the_same_objects(layout: str, tmp_path: Path) -> None:
    many = [{"n": n, "text": '[{,}]"\\' * 200_000} for n in range(3)]
    text = {
        "array": json.dumps(many, indent=2),
        "lines": "".join(json.dumps(each) + "\n" for each in many),
        "arrays": f"{json.dumps(many[:1])},\n{json.dumps(many[1:])}",
        "printed": json.dumps({"aggregate_reports": many[:2], "failure_reports": [], "smtp_tls_reports": many[2:]}),
    }[layout]
    (tmp_path / "a.json").write_text(text)
    assert [(found.number, found.report) for found in reports_in(tmp_path / "a.json")] == [*enumerate(many, 1)]


@pytest.mark.django_db(transaction=True)
def test_json_files_come_in_as_their_mails_would_and_again_as_duplicates(written: Path) -> None:
    organisation = make_organisation("imported")
    found = imported("--json", *(written / f"{kind}.json" for kind in ("aggregate", "failure", "smtp_tls")))
    assert outcomes(found) == [("env-1", "stored"), ("r-1", "stored"), ("t-1", "stored"), ("week", "stored")]
    assert found[0]["path"] == str(written / "aggregate.json")
    facts = {each["report_id"]: each for line in found for each in line["reports"]}
    week = facts["week"]
    assert (week["begin"], week["end"], week["rows"], week["messages"]) == (BEGIN, BEGIN + 7 * 86_400, 3, 12)
    assert (facts["r-1"]["begin"], facts["r-1"]["end"]) == (BEGIN, END)
    assert week["repairs"] == ["from_parsedmarc"]
    assert set(Message.objects.values_list("channel", flat=True)) == {"parsedmarc"}
    (first, *_) = read(MAILS["a.eml"]).reports
    stored = AggregateReport.objects.get(report_id="r-1", organisation=organisation)
    assert (bytes(stored.identity), bytes(stored.rows_hash)) == first.key
    before = rows("r-1") + rows("week")
    assert upload(MAILS["tls.json"], organisation=organisation, filename="tls.json").outcome == "duplicate"
    again = imported("--json", *(written / f"{kind}.json" for kind in ("aggregate", "failure", "smtp_tls")))
    assert {line["outcome"] for line in again} == {"duplicate"}
    assert rows("r-1") + rows("week") == before


def test_a_report_of_parsedmarc_8_has_its_times_by_the_named_zone(tmp_path: Path, written: Path) -> None:
    reports = json.loads((written / "aggregate.json").read_text())
    old = next(each for each in reports if each["report_metadata"]["report_id"] == "r-1")
    for each in old["records"]:
        del each["interval_begin"], each["interval_end"], each["normalized_timespan"]
    for name in ("timespan_requires_normalization", "original_timespan_seconds", "generator"):
        del old["report_metadata"][name]
    (tmp_path / "a.json").write_text(json.dumps(old))
    for zone, shift in (("Asia/Tokyo", 0), ("UTC", 9 * 3600)):
        (found,) = imported("--dry-run", "--timezone", zone, "--json", tmp_path / "a.json")
        assert (found["reports"][0]["begin"], found["reports"][0]["end"]) == (BEGIN + shift, END + shift)


def test_the_failure_report_keeps_what_parsedmarc_kept(written: Path) -> None:
    (data,) = [json.dumps(each).encode() for each in json.loads((written / "failure.json").read_text())]
    (rebuilt,), (sent,) = read(data).reports, read(MAILS["c.eml"]).reports
    for name in (
        "reported_domain", "arrived", "source_ip", "header_from", "subject", "original_mail_from", "original_envelope_id",
        "sample_message_id", "auth_failure", "identity_alignment", "delivery_result", "dkim_domain", "dkim_selector",
        "user_agent", "incidents", "headers_only", "sample",
    ):  # fmt: skip
        assert getattr(rebuilt.content, name) == getattr(sent.content, name), name


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_columns_that_are_missing_say_nothing_and_tables_that_are_missing_are_one_sentence(tables: str) -> None:
    make_organisation("ours")
    with psycopg.connect(tables, autocommit=True) as connection:
        connection.execute("ALTER TABLE dmarc_aggregate_record DROP COLUMN policy_dkim, DROP COLUMN interval_begin")
        connection.execute("ALTER TABLE dmarc_aggregate_record_spf DROP COLUMN human_result")
        assert {line["outcome"] for line in imported("--postgresql", tables)} == {"stored"}
        connection.execute("DROP TABLE dmarc_aggregate_record CASCADE")
    with pytest.raises(CommandError, match=r"database cannot be read: relation .* does not exist\Z"):
        imported("--postgresql", tables)


@pytest.mark.django_db(transaction=True)
def test_tables_come_in_as_the_files_do(tables: str, written: Path) -> None:
    make_organisation("imported")
    found = imported("--postgresql", tables)
    assert outcomes(found) == [("env-1", "stored"), ("r-1", "stored"), ("t-1", "stored"), ("week", "stored")]
    assert (found[0]["path"], found[0]["number"]) == ("dmarc_aggregate_report", 1)
    from_files = imported("--json", *(written / f"{kind}.json" for kind in ("aggregate", "failure", "smtp_tls")))
    assert {outcome for _, outcome in outcomes(from_files)} == {"duplicate"}
    assert AggregateReport.objects.count() == 2


# --- The true report comes too ----------------------------------------------------------------------------------------

ANOTHER = report(record(count=11), report_id="week@mx1", end=BEGIN + 7 * 86_400)


def counted() -> dict[str, tuple[bool, str | None]]:
    """By report id: whether it counts, and the id of what counts instead."""
    found = AggregateReport.objects.values_list("report_id", "is_counted", "superseded_by__report_id")
    return {report_id: (is_counted, heir) for report_id, is_counted, heir in found}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", ["import first", "mail first"])
def test_a_report_that_parsedmarc_shortened_gives_way_to_its_mail(order: str, written: Path) -> None:
    organisation = make_organisation("imported")
    steps = [
        lambda: imported("--json", written / "aggregate.json"),
        lambda: upload(MAILS["b.eml"], organisation=organisation, filename="b.eml"),
    ]
    for step in steps if order == "import first" else reversed(steps):
        step()
    assert counted() == {"r-1": (True, None), "week": (False, "week@mx1"), "week@mx1": (True, None)}
    assert not AggregateReport.objects.filter(is_conflicting=True).exists()
    day = AggregateReport.objects.get(report_id="week").day
    assert sum(DomainDay.objects.filter(day=day).values_list("messages", flat=True)) == 12


@pytest.mark.django_db(transaction=True)
def test_a_report_with_the_same_id_and_other_rows_does_not_replace_an_imported_one(written: Path) -> None:
    organisation = make_organisation("imported")
    imported("--json", written / "aggregate.json")
    upload(ANOTHER, organisation=organisation)
    assert counted()["week"] == counted()["week@mx1"] == (True, None)


@pytest.mark.django_db(transaction=True)
def test_a_report_that_lost_nothing_is_its_mail_seen_once_more(written: Path) -> None:
    organisation = make_organisation("imported")
    imported("--json", written / "aggregate.json")
    assert upload(MAILS["a.eml"], organisation=organisation, filename="a.eml").outcome == "duplicate"
    assert AggregateReport.objects.get(report_id="r-1").sightings == 2


FAILURE = MAILS["c.eml"]


def failures() -> list[tuple[bool, int, str, int]]:
    """Of each failure report: whether it was rebuilt, how often it came, by which way its own message came in, and its row."""
    found = FailureReport.objects.order_by("pk").values_list("repairs", "sightings", "message__channel", "pk")
    return [(any(repair["code"] == "from_parsedmarc" for repair in repairs), *others) for repairs, *others in found]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", ["import first", "mail first"])
def test_a_failure_report_that_also_comes_by_mail_is_one_report_that_of_the_mail(order: str, written: Path) -> None:
    organisation = make_organisation("imported")
    steps = [
        lambda: [line["outcome"] for line in imported("--json", written / "failure.json")],
        lambda: [upload(FAILURE, organisation=organisation, filename="c.eml").outcome],
    ]
    ended = [step() for step in (steps if order == "import first" else reversed(steps))]
    assert ended == [["stored"], ["stored" if order == "import first" else "duplicate"]]
    ((is_rebuilt, sightings, channel, pk),) = failures()
    assert (is_rebuilt, sightings, channel) == (False, 2, "upload")
    assert Sighting.objects.get().failure_id == pk
    assert Sighting.objects.get().message.channel == "parsedmarc"
    for line in (steps[0](), steps[1]()):
        assert line == ["duplicate"]
    assert [each[:3] for each in failures()] == [(False, 4, "upload")]
    call_command("reread", "--all", stdout=StringIO())
    assert [each[:3] for each in failures()] == [(False, 4, "upload")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change", [(b"192.0.2.", b"203.0.113."), (b"Subject: ", b"Subject: Another "), (b"Arrival-Date: ", b"X-Date: ")]
)
def test_a_failure_report_that_says_something_else_stands_beside_the_imported_one(
    change: tuple[bytes, bytes], written: Path
) -> None:
    organisation = make_organisation("imported")
    imported("--json", written / "failure.json")
    other = FAILURE.replace(*change)
    assert other != FAILURE
    assert upload(other, organisation=organisation, filename="c.eml").outcome == "stored"
    assert sorted(each[:3] for each in failures()) == [(False, 1, "upload"), (True, 1, "parsedmarc")]
