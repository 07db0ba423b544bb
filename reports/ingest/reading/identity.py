"""What makes two reports the same report (RFC 9990 section 3.5.1 and what reporters do). Compares nothing itself."""

from __future__ import annotations

import hashlib

from reports.dto import AggregateHead, FailureReport, TlsReport

STEM_LENGTH = 250
_ENDINGS = (".xml", ".gz", ".gzip", ".zip", ".bz2", ".xz", ".tgz", ".eml")


def identity_key(head: AggregateHead) -> bytes:
    """SHA-256 over reporter, report id, period and domain.

    Equal keys with equal `AggregateReport.rows_hash` are the same report sent twice; equal keys with other rows are two
    reports, since some reporters reuse an id for different reports of one day.
    """
    report_id = head.report_id.strip().removeprefix("<").removesuffix(">")
    return _digest(head.org_name.lower(), head.email.lower(), report_id, head.begin, head.end, head.policy.domain)


def file_stem(filename: str) -> str:
    """How the reporter called the report, without folders and endings: packing it anew does not make it another."""
    name = filename.replace("\\", "/").rpartition("/")[2].strip()
    if not (name.isascii() and name.isprintable()):
        name = name.replace("\0", "").encode("utf-8", "replace").decode()
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    return name[:STEM_LENGTH]


def failure_identity(report: FailureReport) -> bytes:
    """SHA-256 over what stands for the missing report id of RFC 6591: reporter, message, source, arrival, domain, verdicts, sample.

    Whoever sent the message knows all of it but what the reporter added, and must not take a place that is another's.
    """
    message = report.original_envelope_id or report.sample_message_id
    sample = hashlib.sha256(b"\n".join(report.sample.split())).hexdigest()  # however its lines end, and are folded
    source = report.source_ip or ""
    verdicts = (*report.auth_failure, *report.identity_alignment, report.delivery_result, report.authentication_results)
    return _digest(report.reporter.lower(), message, source, report.arrived, report.reported_domain, *verdicts, sample)


def tls_identity(report: TlsReport) -> bytes:
    """SHA-256 over reporter, report id, period and domains: some reporters give the reports of all domains one id."""
    report_id = report.report_id.strip().removeprefix("<").removesuffix(">")
    return _digest(report.org_name.lower(), report_id, report.begin, report.end, *sorted(report.domains))


def _digest(*parts: object) -> bytes:
    texts = [str(part) for part in parts]
    return hashlib.sha256("".join([f"{len(text)}:{text}," for text in texts]).encode("utf-8", "replace")).digest()
