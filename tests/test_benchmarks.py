"""The benchmarks run through on small sizes, count what they store, and generate the same input every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from benchmarks.engine import by_index, one_by_one
from benchmarks.mails import Holds, mails, mbox_of, write_mboxes
from benchmarks.ours import check, together
from benchmarks.policies import messages, policy
from benchmarks.stages import STAGES
from exceptions.engine.policy import parse_policy
from reports.dto import AggregateReport
from reports.ingest.extraction import split_mbox
from reports.ingest.read import read

ROOT = Path(__file__).resolve().parent.parent
FIGURES = (
    "rows_per_cpu_second_ratio", "wall_ratio", "rows_per_cpu_second", "peak_memory_mib",
    *(f"share_of_time_{stage}" for stage in STAGES),
)  # fmt: skip


def lines_of(module: str, *options: str) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-m", module, *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.django_db
def test_a_run_that_stored_other_rows_than_were_generated_fails() -> None:
    with pytest.raises(SystemExit, match=r"stored \{'rows': 0, .*\} instead of \{'rows': 1, 'messages': 7, "):
        check(rows=1, messages=7)


@pytest.mark.parametrize("mix", ["typical", "one_large", "tiny"])
def test_a_mailbox_is_the_same_in_every_process(mix: str, tmp_path: Path) -> None:
    made = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        command = [sys.executable, "-m", "benchmarks.mails", mix, "30", str(folder), "1"]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        made.append((done.stdout, mbox_of(folder, mix, share=0, of=1).read_bytes()))
    assert made[0] == made[1]


@pytest.mark.parametrize(("mix", "reports", "rows"), [("typical", 30, 410), ("one_large", 1, 30), ("tiny", 30, 30)])
def test_a_mailbox_holds_what_it_says(mix: str, reports: int, rows: int, tmp_path: Path) -> None:
    holds = write_mboxes(mix, size=30, folder=tmp_path, workers=[1])
    with mbox_of(tmp_path, mix, share=0, of=1).open("rb") as box:
        found = [report.content for mail in split_mbox(box) for report in read(mail).reports]
    read_back = [each for each in found if isinstance(each, AggregateReport)]
    assert len(found) == len(read_back) == reports
    assert sum(len(each.rows) for each in read_back) == holds.rows == rows
    assert sum(each.messages for each in read_back) == holds.messages


def test_every_mail_of_a_mailbox_has_its_own_report_and_needs_no_repair() -> None:
    readings = [read(mail.content) for mail in mails("typical", size=80)]
    reports = [report.content for reading in readings for report in reading.reports]
    assert len({report.key for reading in readings for report in reading.reports}) == 80
    assert [report.repairs for report in reports] == [()] * 80


def test_nothing_is_in_an_empty_mailbox(tmp_path: Path) -> None:
    assert write_mboxes("tiny", size=0, folder=tmp_path, workers=[1, 2]) == Holds(0, 0)


def test_two_workers_have_the_mails_of_one_between_them(tmp_path: Path) -> None:
    write_mboxes("typical", size=9, folder=tmp_path, workers=[1, 2])
    whole, first, second = (
        list(split_mbox(BytesIO(mbox_of(tmp_path, "typical", share=share, of=of).read_bytes())))
        for share, of in ((0, 1), (0, 2), (1, 2))
    )
    assert (first, second) == (whole[::2], whole[1::2])
    assert len(whole) == 9


def test_every_mix_runs_through_with_a_figure_of_each_kind() -> None:
    lines = lines_of("benchmarks.ingest", "--typical", "8", "--one-large", "25", "--tiny", "8", "--rounds", "1")
    ours = {(line["mix"], line["workers"], line["figure"]) for line in lines if line["figure"] != "peak_memory_mib"}
    runs = [(mix, workers) for mix in ("typical", "one_large", "tiny") for workers in (1, 2)]
    assert ours == {(*run, figure) for run in runs for figure in FIGURES if figure != "peak_memory_mib"}
    memory = [
        (line["mix"], line["workers"], line["peer"] != "") for line in lines if line["figure"] == "peak_memory_mib"
    ]
    assert sorted(memory) == sorted(
        [(*run, False) for run in runs] + [(mix, 1, True) for mix, count in runs if count == 1]
    )
    assert all(set(line) == {"figure", "mix", "workers", "value", "peer", "unit"} for line in lines)
    assert all(line["value"] > 0 for line in lines if not line["figure"].startswith("share_of_time_"))


def test_the_shares_of_a_run_are_all_of_it() -> None:
    assert together([{"reading": 1.5, "storing": 2.0}, {"reading": 0.5}]) == {
        "splitting": 0, "taking_in": 0, "reading": 2.0, "storing": 2.0, "committing": 0,
    }  # fmt: skip


def test_the_engine_names_the_rule_that_asking_one_by_one_names() -> None:
    live = parse_policy(policy(400))
    found = [by_index(facts, live) for facts in messages(300, rules=400)]
    assert found == [one_by_one(facts, live) for facts in messages(300, rules=400)]
    assert 100 < sum(rule is not None for rule in found) < 300


def test_the_engine_is_measured_beside_asking_one_by_one() -> None:
    lines = lines_of("benchmarks.engine", "--rules", "40", "--messages", "60", "--linear", "10")
    assert [(line["figure"], line["rules"], set(line)) for line in lines] == [
        ("decision", 40, {"figure", "rules", "p50_us", "p99_us"}),
        ("decision_linear", 40, {"figure", "rules", "p50_us", "p99_us"}),
    ]


def test_one_report_is_measured_beside_the_api_of_parsedmarc() -> None:
    lines = lines_of("benchmarks.report", "--rows", "40")
    ratios = {line["figure"]: line["value"] for line in lines if line["unit"] == "times"}
    assert set(ratios) == {"api_rows_per_cpu_second_ratio", "api_wall_ratio"}
    assert all(value > 0 for value in ratios.values())


def test_growth_is_told_for_each_step() -> None:
    lines = lines_of("benchmarks.growth", "--mails", "4", "8")
    told = [(line["figure"], line["mails"]) for line in lines]
    measured = ["work_seconds", "cpu_seconds", "peak_memory_mib"]
    assert told == [
        *((figure, mails) for mails in (4, 8) for figure in measured),
        ("growth_of_time_for_ten_times", 8),
        ("growth_of_memory", 8),
    ]


def test_a_large_installation_answers_every_page_and_its_sums_are_right() -> None:
    lines = lines_of("benchmarks.large", "--rows", "20000", "--rounds", "1")
    pages = [line for line in lines if "page" in line]
    assert len(pages) == 13
    assert all({"page", "rows", "p50_ms", "p95_ms", "queries"} <= set(line) for line in pages)
    assert all(line["rows"] >= 20_000 for line in pages)
    work = {line["work"]: line for line in lines if "work" in line and "seconds" in line}
    assert (work["check_rollups"]["differing"], work["check_rollups"]["buckets"] > 1000) == (0, True)
    assert work["retention"]["gone"]["reports"] == work["retention_dry_run"]["due"]["reports"] > 0
