"""The seam to parsedmarc: what the sample of a failure report says. The one place of ingestion that imports it.

What parsedmarc refuses is read by the standard library, so that an odd sample costs no report.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from reports.errors import LimitExceeded
from reports.ingest.extraction.mime import header, parse_mail
from reports.ingest.reading.encodings import BY_CP1252
from reports.ingest.reading.values import read_domain

# parsedmarc wants a source and would look it up in its database; sources are enriched elsewhere, so every report shows it
# the same documentation address, whose answer is cached here.
_ADDRESS = "192.0.2.1"
_FIELDS = (
    "Feedback-Type: auth-failure\nAuth-Failure: dmarc\nIdentity-Alignment: none\nAuthentication-Results: x\n"
    f"Source-IP: {_ADDRESS}\nReported-Domain: x\n"
)
_UNKNOWN = dict.fromkeys(("reverse_dns", "country", "base_domain", "name", "type", "asn", "as_name", "as_domain"))
LENGTH_READ = 1 << 20
LONGEST_HEAD = 1 << 16
"""parsedmarc's parser of mails takes quadratic time for a long field of encoded words."""
MOST_ADDRESSES = 1000
"""For each that might be one, parsedmarc's parser of mails makes a dozen objects, several times over."""
_ADDRESS_ENDS = re.compile(rb"[,;]")
_HEAD_ENDS = re.compile(rb"\n\r?\n")
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Reference(NamedTuple):
    """parsedmarc as far as it is used here; it carries no types."""

    parse: Callable[..., Any]
    refusal: type[Exception]


@cache
def _reference() -> Reference:
    """Loaded with the first failure report: that takes 0.3 s and 30 MiB, and most processes never see one."""
    parsedmarc = importlib.import_module("parsedmarc")
    config = parsedmarc.ParserConfig(
        offline=True,
        always_use_local_files=True,
        strip_attachment_payloads=True,
        normalize_timespan_threshold_hours=math.inf,
        ip_address_cache={_ADDRESS: {"ip_address": _ADDRESS, **_UNKNOWN}},
    )
    return Reference(partial(parsedmarc.parse_failure_report, config=config), parsedmarc.ParserError)


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """`is_plain` where parsedmarc refused the sample. `received` is the topmost Received field."""

    header_from: str = ""
    subject: str = ""
    message_id: str = ""
    received: str = ""
    headers_only: bool = False
    is_plain: bool = True


def read_sample(sample: bytes) -> SampleFacts:
    """From domain, subject and the like of an offending message; raises nothing."""
    text = sample[:LENGTH_READ]
    reference = _reference()
    try:
        plain = _read_plainly(text)
        head = _HEAD_ENDS.split(text, maxsplit=1)[0]
        if len(head) > LONGEST_HEAD or len(_ADDRESS_ENDS.findall(head)) > MOST_ADDRESSES:
            return plain
        # Subjects in 8bit are read as the texts of reports are; of the body nothing is said.
        readable = head.decode("utf-8", BY_CP1252) + text[len(head) :].decode("utf-8", "replace")
        report = reference.parse(_FIELDS, readable, _ANY_TIME)
    except LimitExceeded:
        return SampleFacts()
    except reference.refusal:
        return plain
    parsed: dict[str, Any] = report["parsed_sample"]
    sender = parsed.get("from") or {}
    return SampleFacts(
        header_from=read_domain(sender.get("address") or "")[0] or plain.header_from,
        subject=(parsed.get("subject") or plain.subject).replace("\0", "\ufffd"),
        message_id=plain.message_id,
        received=plain.received,
        headers_only=plain.headers_only,
        is_plain=False,
    )


def _read_plainly(sample: bytes) -> SampleFacts:
    mail = parse_mail(sample)
    payload = mail.get_payload()
    return SampleFacts(
        header_from=read_domain(header(mail, "From").rpartition("<")[2].partition(">")[0])[0],
        subject=header(mail, "Subject"),
        message_id=header(mail, "Message-ID"),
        received=header(mail, "Received"),
        headers_only=isinstance(payload, str) and not payload.strip(),
    )
