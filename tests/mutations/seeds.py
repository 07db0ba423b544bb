"""Owns what is mutated: report mails of every kind, as content, as packed content and as whole mails."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from random import Random

from tests.reports.samples import (
    FEEDBACK,
    NAME,
    SAMPLE,
    aggregate_xml,
    failure_mail,
    multipart,
    part,
    record_xml,
    zipped,
)

RFC_9990 = aggregate_xml(
    record_xml(
        evaluated=(
            "<disposition>pass</disposition><dkim>fail</dkim><spf>fail</spf>"
            "<reason><type>mailing_list</type><comment>list</comment></reason>"
        ),
        identifiers="<envelope_to>receiver.example</envelope_to><header_from>example.com</header_from>",
        after='<x:any xmlns:x="urn:x">more</x:any>',
    ),
    record_xml(source_ip="<source_ip>2001:db8::1</source_ip>"),
    root='<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"><version>1.0</version>',
    policy=(
        "<policy_published><domain>example.com</domain><p>none</p><sp>reject</sp><np>reject</np><adkim>s</adkim>"
        "<discovery_method>treewalk</discovery_method><testing>n</testing><fo>1</fo></policy_published>"
    ),
)
TLS = json.dumps(
    {
        "organization-name": "Receiver Example",
        "date-range": {"start-datetime": "2023-11-14T00:00:00Z", "end-datetime": "2023-11-14T23:59:59Z"},
        "contact-info": "tls@receiver.example",
        "report-id": "tls-1",
        "policies": [
            {
                "policy": {
                    "policy-type": "sts",
                    "policy-string": ["version: STSv1", "mode: testing", "mx: *.example.com", "max_age: 86400"],
                    "policy-domain": "example.com",
                    "mx-host": ["*.example.com"],
                },
                "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
                "failure-details": [
                    {
                        "result-type": "certificate-expired",
                        "sending-mta-ip": "2001:db8::1",
                        "receiving-mx-hostname": "mx1.example.com",
                        "failed-session-count": 100,
                    },
                    {"result-type": "starttls-not-supported", "receiving-ip": "192.0.2.9", "failed-session-count": 203},
                ],
            }
        ],
    },
    indent=1,
)
CONTENTS: dict[str, bytes] = {
    "RFC 7489": aggregate_xml().encode(),
    "RFC 7489, five rows": aggregate_xml(*[record_xml(count=f"<count>{n}</count>") for n in range(1, 6)]).encode(),
    "RFC 9990": RFC_9990.encode(),
    "no rows": aggregate_xml("\n").encode(),
    "TLS": TLS.encode(),
    "failure fields": FEEDBACK.encode(),
    "failure sample": SAMPLE.encode(),
}


def _tar(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.xml")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zip": lambda content: zipped(("a.xml", content)),
    "zip of two": lambda content: zipped(("a.xml", content), ("b.xml", CONTENTS["RFC 9990"])),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "tar": _tar,
    "tar.gz": lambda content: gzip.compress(_tar(content), mtime=0),
    "gzip of gzip": lambda content: gzip.compress(gzip.compress(content, mtime=0), mtime=0),
    "zip of zip": lambda content: zipped(("a.zip", zipped(("a.xml", content)))),
    "a long tail of nothing": lambda content: gzip.compress(content + b" " * 1_000_000, 1, mtime=0),
}


def _uuencoded(data: bytes) -> str:
    lines = (binascii.b2a_uu(data[start : start + 45]).decode() for start in range(0, len(data), 45))
    return f"begin 644 {NAME}.gz\n{''.join(lines)}`\nend\n"


def mail_of(content: bytes, packed: bytes, *, name: str, rng: Random) -> bytes:
    """A whole mail around the packed content, in one of the shapes in which they come."""
    if name.startswith("failure"):
        sample = content.decode("utf-8", "replace") if name == "failure sample" else SAMPLE
        fields = content.decode("utf-8", "replace") if name == "failure fields" else FEEDBACK
        return failure_mail(feedback=fields, sample=rng.choice((sample, sample, None)))
    encoded = base64.encodebytes(packed).decode()
    file = f'application/octet-stream; name="{NAME}.gz"'
    note = part("text/plain; charset=utf-8", "A report is attached.")
    shape = rng.randrange(7)
    if shape == 0:
        head = "From: a@receiver.example\nSubject: Report Domain: example.com Submitter: b Report-ID: <1>\n"
        return f"{head}Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n{encoded}".encode()
    if shape == 1:
        inner = multipart(note, part(file, encoded, encoding="base64"), content_type="multipart/mixed", boundary="in")
        return multipart(part("message/rfc822", inner.decode()), content_type="multipart/mixed")
    if shape == 2:
        return multipart(note, part("text/xml", content.decode("utf-8", "replace")), content_type="multipart/mixed")
    if shape == 3:
        return f"From: a@receiver.example\nSubject: x\n\n{_uuencoded(packed)}".encode()
    if shape == 4:
        one = part(file, encoded, encoding="base64")
        return multipart(note, one, one, content_type="multipart/report; report-type=tlsrpt")
    return multipart(note, part(file, encoded, encoding="base64"), content_type="multipart/mixed")
