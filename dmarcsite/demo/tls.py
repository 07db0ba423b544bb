"""The demo's TLS reports (RFC 8460): a certificate that ran out, a sender without STARTTLS, a policy that was late."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from dmarcsite.demo.cast import CORPORATE, DAYS, MAILHUB, POSTBOX, SEED, SHOP, DemoDomain, Reporter
from dmarcsite.demo.envelopes import DemoMail, tls_mail
from dmarcsite.demo.volumes import OFFICE, chance_of

DAY = 86400
TLS_DAYS = 45
"""TLS reports were asked for half-way through the demo's days."""
EXPIRED = range(16, 19)
"""Days ago on which the certificate of the second MX had run out."""
REPORTERS = ((MAILHUB, 1800), (POSTBOX, 320))
"""Who sends them, and how many sessions each has on an ordinary working day."""


def tls_mails(*, midnight: int) -> Iterator[DemoMail]:
    """Daily reports about two domains; `midnight` is the beginning of the last reported UTC day in epoch seconds."""
    for days_ago in range(min(TLS_DAYS, DAYS) - 1, -1, -1):
        for reporter, usual in REPORTERS:
            for domain in (CORPORATE, SHOP):
                yield _report(reporter, domain, usual, days_ago=days_ago, begin=midnight - days_ago * DAY)


def _report(reporter: Reporter, domain: DemoDomain, usual: int, *, days_ago: int, begin: int) -> DemoMail:
    chance = chance_of(f"tls|{reporter.key}|{domain.name}|{days_ago}")
    weekday = datetime.fromtimestamp(begin, UTC).weekday()
    sessions = max(1, int(usual * OFFICE[weekday] * (0.8 + 0.4 * chance.random()) / (1 if domain is CORPORATE else 4)))
    failures = _failures(domain, sessions, days_ago=days_ago, few=chance.randrange(4))
    failed = sum(each["failed-session-count"] for each in failures)
    entry: dict[str, Any] = {
        "policy": _policy(domain),
        "summary": {"total-successful-session-count": sessions - failed, "total-failure-session-count": failed},
    }
    if failures:
        entry["failure-details"] = failures
    end = begin + DAY - 1
    report_id = sha256(f"{SEED}|tls|{reporter.key}|{domain.name}|{begin}".encode()).hexdigest()[:24]
    content = {
        "organization-name": reporter.org_name,
        "date-range": {"start-datetime": _stamp(begin), "end-datetime": _stamp(end)},
        "contact-info": f"smtp-tls-reporting@{reporter.host}",
        "report-id": report_id,
        "policies": [entry],
    }
    data = gzip.compress(json.dumps(content, indent=1).encode(), mtime=0)
    sent_at = end + 1 + 3600 + int(report_id[:3], 16)
    return tls_mail(
        data, reporter=reporter, report_id=report_id, domain=domain.name, begin=begin, end=end, sent_at=sent_at
    )


def _policy(domain: DemoDomain) -> dict[str, Any]:
    if domain is not CORPORATE:
        return {"policy-type": "no-policy-found", "policy-domain": domain.name}
    hosts = [f"mx1.{domain.name}", f"mx2.{domain.name}"]
    lines = ["version: STSv1", "mode: testing", *(f"mx: {host}" for host in hosts), "max_age: 604800"]
    return {"policy-type": "sts", "policy-domain": domain.name, "policy-string": lines, "mx-host": hosts}


def _failures(domain: DemoDomain, sessions: int, *, days_ago: int, few: int) -> list[dict[str, Any]]:
    found = []
    if domain is CORPORATE and days_ago in EXPIRED:
        found.append(_detail("certificate-expired", f"mx2.{domain.name}", "203.0.113.26", max(1, sessions // 3)))
    if domain is CORPORATE and few == 0:
        found.append(_detail("sts-policy-fetch-error", "", "", 1))
    if domain is SHOP and few and sessions > few:
        found.append(_detail("starttls-not-supported", f"mx-old.{domain.name}", "203.0.113.99", few))
    return found


def _detail(result_type: str, host: str, address: str, count: int) -> dict[str, Any]:
    where = {"receiving-mx-hostname": host, "receiving-ip": address} if host else {}
    return {"result-type": result_type, "sending-mta-ip": "198.51.100.25", **where, "failed-session-count": count}


def _stamp(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
