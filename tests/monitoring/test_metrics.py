"""/metrics says what the database holds, to those who may ask; names, docs, alerts and dashboard agree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from dmarcsite.monitoring.measures import MEASURES
from dmarcsite.monitoring.views import PREFIX
from dmarcsite.tasks import beat
from reports.models import Mailbox, Message, Node, RollupCheck
from reports.vocabulary import Channel, Outcome, Reason
from tests.reports.stored import make_organisation, record, report, upload

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {PREFIX + measure.name for measure in MEASURES}
pytestmark = pytest.mark.django_db


def scraped(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "asked",
    [{"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": ""}, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}],
)
def test_without_a_token_only_this_machine_may_ask(client: Client, asked: dict[str, str]) -> None:
    assert client.get("/metrics", **asked).status_code == 404
    assert client.get("/metrics").status_code == 200


def test_with_a_token_whoever_brings_it_may_ask(client: Client, settings: pytest.FixtureRequest) -> None:
    settings.METRICS_TOKEN = "a-long-secret"  # type: ignore[attr-defined]
    for header in ({}, {"HTTP_AUTHORIZATION": "Bearer other"}, {"HTTP_AUTHORIZATION": "Basic a-long-secret"}):
        assert client.get("/metrics", **header).status_code == 404
    far = {"HTTP_AUTHORIZATION": "Bearer a-long-secret", "REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", **far).status_code == 200


def test_an_empty_installation_says_nothing_wrong(client: Client) -> None:
    found = scraped(client)
    assert found["sekimori_messages_unread", ()] == 0
    assert ("sekimori_sums_differing", ()) not in found
    assert found["sekimori_messages_last_day", (("outcome", "stored"),)] == 0


@pytest.mark.parametrize("name", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP"])
def test_whoever_asks_through_a_proxy_on_this_machine_is_somebody_else(client: Client, name: str) -> None:
    assert client.get("/metrics", headers={name: "http"}).status_code == 404


def test_every_figure_is_what_the_database_holds(client: Client) -> None:
    now = timezone.now()
    organisation = make_organisation("ours")
    upload(report(record("192.0.2.1"), record("192.0.2.2")), organisation=organisation, at=now)
    Message.objects.create(organisation=organisation, channel=Channel.FILE, received_at=now - timedelta(hours=1))
    Message.objects.create(
        organisation=organisation, channel=Channel.FILE, received_at=now, outcome=Outcome.REFUSED, read_at=now,
        reason=Reason.READER_FAILED,
    )  # fmt: skip
    Mailbox.objects.create(
        organisation=organisation, name="Reports", settings={}, secret=b"", failures=4,
        last_success_at=now - timedelta(hours=2),
    )  # fmt: skip
    Node.objects.create(
        organisation=organisation,
        name="mx1",
        slug="mx1",
        token_sha256=b"1" * 32,
        last_contact_at=now - timedelta(hours=1),
    )
    RollupCheck.objects.create(checked_at=now, buckets=9, differing=3, repaired=1, duration=timedelta(seconds=1))
    beat()
    found = scraped(client)
    box = (("mailbox", "Reports"), ("organisation", "ours"))
    assert found["sekimori_messages_last_day", (("outcome", "stored"),)] == 1
    assert found["sekimori_messages_last_day", (("outcome", "refused"),)] == 1
    assert found["sekimori_messages_last_day", (("outcome", "unread"),)] == 1
    assert found["sekimori_messages_unread", ()] == 1
    assert 3600 <= found["sekimori_oldest_unread_seconds", ()] < 3660
    assert found["sekimori_messages_parked", ()] == 1
    assert found["sekimori_reports_stored_last_day", (("kind", "aggregate"),)] == 1
    assert found["sekimori_rows_stored_last_day", ()] == 2
    assert found["sekimori_mailbox_failures", box] == 4
    assert 7200 <= found["sekimori_mailbox_success_age_seconds", box] < 7260
    assert 3600 <= found["sekimori_node_contact_age_seconds", (("node", "mx1"), ("organisation", "ours"))] < 3660
    assert found["sekimori_sums_differing", ()] == 2
    assert found["sekimori_heartbeat_age_seconds", ()] < 60
    assert found["sekimori_queue_length", (("queue", "enrich"),)] == 0


def test_a_broker_that_is_away_costs_its_own_figure_alone(client: Client, settings: pytest.FixtureRequest) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    found = scraped(client)
    assert not any(name == "sekimori_queue_length" for name, _ in found)
    assert found["sekimori_messages_unread", ()] == 0


def test_the_page_lists_every_metric_with_its_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", (DOCS / "metrics.md").read_text(encoding="utf-8"), re.M)
    assert {(name, labels.strip(), text.strip()) for name, labels, text in rows} == {
        (PREFIX + measure.name, ", ".join(measure.labels) or "–", measure.help) for measure in MEASURES
    }


@pytest.mark.parametrize("name", ["alerts.yml", "grafana-dashboard.json"])
def test_alerts_and_dashboard_use_metrics_that_there_are(name: str) -> None:
    text = (DOCS / "monitoring" / name).read_text(encoding="utf-8")
    used = set(re.findall(r"\bsekimori_\w+", text))
    assert used
    assert used <= NAMES


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    dashboard = json.loads((DOCS / "monitoring" / "grafana-dashboard.json").read_text(encoding="utf-8"))
    assert [panel["id"] for panel in dashboard["panels"]] == list(range(1, 13))
    assert all(panel["targets"][0]["expr"] for panel in dashboard["panels"])


def test_promtool_finds_nothing_wrong_with_the_alerts() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    done = subprocess.run(
        [promtool, "check", "rules", DOCS / "monitoring" / "alerts.yml"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "11 rules found" in done.stdout) == (0, True), done.stdout + done.stderr
