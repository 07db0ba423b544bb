"""Owns the written samples of the comparison: one deviation each, by name, beside plain reports of every kind."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
import re
import zlib

from tests.mutations.seeds import CONTENTS, PACKS, RFC_9990, TLS
from tests.reports.samples import (
    BEGIN,
    END,
    FEEDBACK,
    GZ,
    METADATA,
    NAME,
    POLICY,
    SAMPLE,
    XML,
    aggregate_xml,
    failure_mail,
    multipart,
    part,
    record_xml,
    report_mail,
    zipped,
)

WHOLE = XML.decode()
MIXED = "multipart/mixed"
OTHER = XML.replace(b"r-1", b"r-2")
ROW = WHOLE.partition("<row>")[2].partition("</row>")[0].join(("<row>", "</row>"))


def _metadata(old: str, new: str) -> str:
    return aggregate_xml(metadata=METADATA.replace(old, new))


def _policy(inner: str) -> str:
    return aggregate_xml(policy=f"<policy_published>{inner}</policy_published>")


def _row(**parts: str) -> str:
    return aggregate_xml(record_xml(), record_xml(**parts))


_TEXTS: dict[str, str] = {
    "plain": WHOLE,
    "RFC 9990": RFC_9990,
    "two rows": aggregate_xml(record_xml(), record_xml(count="<count>7</count>")),
    "leading blank line": "\n" + WHOLE,
    "no declaration": WHOLE.partition("\n")[2],
    "words before the XML": "Report follows: " + WHOLE,
    "schema tag before the root": WHOLE.replace("<feedback>", '<xs:schema xmlns:xs="urn:x">\n<feedback>'),
    "document type": WHOLE.replace("<feedback>", '<!DOCTYPE feedback SYSTEM "x.dtd">\n<feedback>'),
    "entity": WHOLE.replace("<feedback>", '<!DOCTYPE feedback [<!ENTITY a "b">]>\n<feedback>'),
    "namespace": WHOLE.replace("<feedback>", '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
    "prefixes": WHOLE.replace("feedback>", "n:feedback>").replace("<n:feedback>", '<n:feedback xmlns:n="urn:x">'),
    "undeclared prefix": WHOLE.replace("feedback>", "n:feedback>"),
    "capital element names": "".join(
        piece.upper() if piece.startswith("<") else piece
        for piece in WHOLE.partition("\n")[2].replace(">", ">\1").replace("<", "\1<").split("\1")
    ),
    "element names in camel case": re.sub("_([a-z])(?=[a-z_]*>)", lambda at: at[1].upper(), WHOLE),
    "From of several domains": WHOLE.replace("<header_from>example.com", "<header_from>mail.example.com, example.com"),
    "From with a leading dot": WHOLE.replace("<header_from>example.com", "<header_from>.example.com"),
    "one element name in camel case": WHOLE.replace("header_from", "headerFrom"),
    "another root": WHOLE.replace("feedback>", "dmarc_report>"),
    "a root around the root": WHOLE.replace("<feedback>", "<reports><feedback>").replace(
        "</feedback>", "</feedback></reports>"
    ),
    "metadata in a namespace": WHOLE.replace("<report_metadata>", '<report_metadata xmlns="urn:x">'),
    "a row in a namespace": WHOLE.replace("<row>", '<row xmlns="urn:x">'),
    "several rows in a record": WHOLE.replace("</row>", "</row>" + ROW.replace("192.0.2.1", "192.0.2.8")),
    "records in an element": aggregate_xml(
        "<records>" + record_xml() + record_xml(count="<count>9</count>") + "</records>"
    ),
    "attribute on org_name": _metadata("<org_name>", '<org_name xml:lang="en">'),
    "attribute on email": _metadata("<email>", '<email lang="en">'),
    "bare ampersand": _metadata("Receiver Example", "Smith & Sons"),
    "bare address": _metadata("noreply@receiver.example<", "Reports <noreply@receiver.example><"),
    "close tag without bracket": WHOLE.replace("<count>2</count>", "<count>2/count>"),
    "control characters": _metadata("Receiver Example", "Receiver\x01 Example"),
    "words after the root": WHOLE + "trailing words",
    "no end of the root": WHOLE.replace("</feedback>\n", ""),
    "no root": WHOLE.replace("<feedback>", "").replace("</feedback>", ""),
    "cut in a row": aggregate_xml(record_xml(), record_xml())[:-300],
    "no rows": aggregate_xml("\n"),
    "an empty row": aggregate_xml("<record/>"),
    "org_name is a domain": _metadata("Receiver Example", "mx.mail.receiver.example.com"),
    "no org_name": _metadata("<org_name>Receiver Example</org_name>", ""),
    "empty org_name": _metadata("Receiver Example", ""),
    "no email": _metadata("<email>noreply@receiver.example</email>", ""),
    "no report_id": _metadata("<report_id>r-1</report_id>", ""),
    "report_id with an at sign": _metadata("r-1", "&lt;42@mx1.receiver.example&gt;"),
    "no period": _metadata(f"<date_range><begin>{BEGIN}</begin><end>{END}</end></date_range>", ""),
    "no begin": _metadata(f"<begin>{BEGIN}</begin>", ""),
    "period in milliseconds": _metadata(f"{BEGIN}</begin><end>{END}", f"{BEGIN}000</begin><end>{END}000"),
    "period in words": _metadata(f"{BEGIN}</begin><end>{END}", "2023-11-14T22:13:20Z</begin><end>2023-11-15T22:13:19Z"),
    "period in microseconds": _metadata(f"{BEGIN}</begin><end>{END}", f"{BEGIN}000000</begin><end>{END}000000"),
    "period as mails write it": _metadata(
        f"{BEGIN}</begin><end>{END}", "Tue, 14 Nov 2023 22:13:20 +0000</begin><end>Wed, 15 Nov 2023 22:13:19 GMT"
    ),
    "period with fractions": _metadata(f"{BEGIN}</begin><end>{END}", f"{BEGIN}.7</begin><end>{END}.2"),
    "period turned round": _metadata(f"{BEGIN}</begin><end>{END}", f"{END}</begin><end>{BEGIN}"),
    "period of years": _metadata(f"{BEGIN}</begin><end>{END}", "1</begin><end>4000000000"),
    "two errors": _metadata("</report_metadata>", "<error>one</error><error>two</error></report_metadata>"),
    "blanks in a text": _metadata("Receiver Example", "  Receiver\n   Example "),
    "long text": _metadata("Receiver Example", "Receiver " * 200),
    "no policy": aggregate_xml(policy=""),
    "no p": _policy("<domain>example.com</domain>"),
    "capital policy": _policy("<domain>example.com</domain><adkim>R</adkim><p>Reject</p><sp>NONE</sp>"),
    "every policy tag": _policy(
        "<domain>example.com</domain><adkim>s</adkim><aspf>s</aspf><p>none</p><sp>reject</sp><np>none</np><pct>50</pct>"
        "<fo>1</fo><testing>y</testing><discovery_method>psl</discovery_method>"
    ),
    "the tag t": _policy("<domain>example.com</domain><p>none</p><t>y</t>"),
    "domain of the record": _policy("<domain>_dmarc.example.com</domain><p>none</p>"),
    "capital domain with a dot": _policy("<domain>Example.COM.</domain><p>none</p>"),
    "domain in Unicode": _policy("<domain>bücher.example</domain><p>none</p>"),
    "two policies": aggregate_xml(policy=POLICY + POLICY.replace("example.com", "other.example")),
    "extension": aggregate_xml(policy=POLICY + '<extension><x:a xmlns:x="urn:x">b</x:a></extension>'),
    "metadata twice": aggregate_xml(metadata=METADATA + METADATA),
    "address in brackets": _row(source_ip="<source_ip>[2001:db8::1]</source_ip>"),
    "address with a prefix": _row(source_ip="<source_ip>IPv6:2001:db8::1</source_ip>"),
    "address with a port": _row(source_ip="<source_ip>192.0.2.1:25</source_ip>"),
    "address in quotes": _row(source_ip="<source_ip>'192.0.2.1'</source_ip>"),
    "address after its host": _row(source_ip="<source_ip>host.example [192.0.2.1]</source_ip>"),
    "address with a mask": _row(source_ip="<source_ip>192.0.2.1/32</source_ip>"),
    "address with a zone": _row(source_ip="<source_ip>fe80::1%eth0</source_ip>"),
    "address mapped": _row(source_ip="<source_ip>::ffff:192.0.2.9</source_ip>"),
    "address written long": _row(source_ip="<source_ip>2001:0DB8:0:0:0:0:0:1</source_ip>"),
    "address with blanks": _row(source_ip="<source_ip> 192.0.2.1\n</source_ip>"),
    "address that is none": _row(source_ip="<source_ip>108r.166.1.1</source_ip>"),
    "no address": _row(source_ip=""),
    "the only row has no address": aggregate_xml(record_xml(source_ip="")),
    "count with a fraction": _row(count="<count>3.0</count>"),
    "count with a comma": _row(count="<count>1,234</count>"),
    "count below zero": _row(count="<count>-3</count>"),
    "count of zero": _row(count="<count>0</count>"),
    "count beyond all mail": _row(count=f"<count>{10**20}</count>"),
    "count with underscore": _row(count="<count>1_000</count>"),
    "no count": _row(count=""),
    "no verdicts": _row(evaluated="<disposition>none</disposition>"),
    "empty verdicts": _row(evaluated="<disposition>none</disposition><dkim/><spf/>"),
    "no disposition": _row(evaluated="<dkim>pass</dkim><spf>fail</spf>"),
    "capital verdicts": _row(evaluated="<disposition>None</disposition><dkim>Pass</dkim><spf>FAIL</spf>"),
    "odd verdicts": _row(evaluated="<disposition>none</disposition><dkim>hardfail</dkim><spf>unknown</spf>"),
    "disposition pass": _row(evaluated="<disposition>pass</disposition><dkim>pass</dkim><spf>pass</spf>"),
    "a reason": _row(
        evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>"
        "<reason><type>forwarded</type><comment>so it seems</comment></reason>"
    ),
    "a reason with language": _row(
        evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>"
        '<reason><type>Local_Policy</type><comment lang="en">arc=pass</comment></reason>'
    ),
    "a reason in bare words": _row(
        evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf><reason>forwarded</reason>"
    ),
    "an empty reason beside a row that is like it": aggregate_xml(
        record_xml(evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf><reason/>"),
        record_xml(
            evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>"
            "<reason><type>forwarded</type><comment>so it seems</comment></reason>"
        ),
    ),
    "results of nobody": _row(
        identifiers="<header_from>NULL</header_from><envelope_from>NULL</envelope_from>",
        results="<spf><domain>NULL</domain><scope>helo</scope><result>none</result></spf>",
    ),
    "an empty reason": _row(evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf><reason/>"),
    "no header_from": _row(identifiers="<envelope_from>bounce.example</envelope_from>"),
    "header_from as address": _row(identifiers="<header_from>Somebody@Example.com.</header_from>"),
    "header_from in Unicode": _row(identifiers="<header_from>bücher.example</header_from>"),
    "no envelope_from": _row(identifiers="<header_from>example.com</header_from>"),
    "empty envelope_from": _row(identifiers="<header_from>example.com</header_from><envelope_from/>"),
    "envelope_from as null path": _row(
        identifiers="<header_from>example.com</header_from><envelope_from>&lt;&gt;</envelope_from>"
    ),
    "capital envelope domains": _row(
        identifiers="<header_from>example.com</header_from><envelope_from>A@Bounce.Example.</envelope_from>"
        "<envelope_to>Receiver.Example</envelope_to>"
    ),
    "no identifiers": _row(identifiers="").replace("<identifiers></identifiers>", ""),
    "identities": _row().replace("identifiers>", "identities>"),
    "no results": _row(results="").replace("<auth_results></auth_results>", ""),
    "empty results": _row(results=""),
    "empty dkim": _row(results="<dkim/><spf><domain>a.example</domain><result>pass</result></spf>"),
    "result without domain": _row(results="<dkim><selector>s</selector><result>pass</result></dkim>"),
    "result without selector": _row(results="<dkim><domain>a.example</domain><result>pass</result></dkim>"),
    "result without result": _row(results="<dkim><domain>a.example</domain><selector>s</selector></dkim>"),
    "capital results": _row(
        results="<dkim><domain>A.Example.</domain><selector>S1</selector><result>Pass</result></dkim>"
        "<spf><domain>B.Example</domain><scope>MFROM</scope><result>SoftFail</result></spf>"
    ),
    "odd results": _row(results="<spf><domain>b.example</domain><scope>helo</scope><result>hardfail</result></spf>"),
    "many results": _row(
        results="<dkim><domain>a.example</domain><result>pass</result><human_result>ok then</human_result></dkim>" * 3
        + "<spf><domain>b.example</domain><result>none</result></spf>" * 2
    ),
    "results turned round": _row(
        results="<spf><domain>b.example</domain><result>pass</result></spf>"
        "<dkim><domain>a.example</domain><selector>s</selector><result>pass</result></dkim>"
    ),
    "no domain anywhere": _policy("<domain/><p>none</p>").replace(
        "<header_from>example.com</header_from>", "<header_from/>"
    ),
    "an address that may be octal": _row(source_ip="<source_ip>203.0.113.07</source_ip>"),
    "an empty element among reasons": _row(
        evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf><reason><type/></reason>"
    ),
    "empty header_from": _row(identifiers="<header_from/><envelope_from>bounce.example</envelope_from>"),
    "two header_from": _row(identifiers="<header_from>example.com</header_from><header_from>example.net</header_from>"),
    "empty policy domain": _policy("<domain/><p>none</p>"),
    "end with an underscore": _metadata(f"{END}", "1700_086_399"),
    "empty email": _metadata("<email>noreply@receiver.example</email>", "<email/>"),
    "odd declaration": WHOLE.replace('version="1.0"', 'version="1.\xff'),
    "TLS": TLS,
    "TLS without contact": TLS.replace('"contact-info": "tls@receiver.example",', ""),
    "TLS with one policy": TLS.replace('"policies": [', '"policies": ').replace("}\n ]\n}", "}\n}"),
    "TLS of type TLSA": TLS.replace('"sts"', '"TLSA"'),
    "TLS without details": TLS.partition('"failure-details"')[0].rstrip().rstrip(",") + "}]}",
    "TLS with counts as text": TLS.replace("5326", '"5326"').replace(" 100", ' "100"'),
    "TLS with a count below zero": TLS.replace("5326", "-5326"),
    "TLS with null details": TLS.partition('"failure-details"')[0] + '"failure-details": null}]}',
    "TLS capital domain": TLS.replace('"example.com"', '"Example.COM."'),
}


B64 = base64.encodebytes(GZ).decode()


def _attached(content_type: str, body: str, encoding: str = "7bit") -> bytes:
    return multipart(part("text/plain", "hello"), part(content_type, body, encoding=encoding), content_type=MIXED)


_BYTES: dict[str, bytes] = {
    "nothing": b"",
    "JSON that is followed by words": TLS.encode() + b" and so on",
    "a report in pieces and a whole one": zipped(("a.xml", XML[: XML.index(b"</row>")]), ("b.xml", OTHER)),
    "mail with an empty email in its report": report_mail(
        (_metadata("<email>noreply@receiver.example</email>", "<email/>").encode(), "a.xml")
    ).as_bytes(),
    "failure of a kind in capitals": failure_mail(feedback=FEEDBACK.replace("Auth-Failure: dmarc", "Auth-Failure: DMARC")),
    "failure with letters in a field": failure_mail(feedback=FEEDBACK.replace("env-1", "env-é")),
    "failure with an odd address": failure_mail(feedback=FEEDBACK.replace("192.0.2.7", "192.0x10.2.7")),
    "failure with no domain at all": failure_mail(
        feedback=FEEDBACK.replace("Reported-Domain: example.com\n", ""), sample=SAMPLE.replace("somebody@example.com", "nobody")
    ),
    "mail with base64 in pieces": _attached("application/zip", "UEsDBBQAAAAIAAAA!!!!" + B64, "base64"),
    "a letter": report_mail().as_bytes(),
    "byte order mark": b"\xef\xbb\xbf" + XML,
    "UTF-16": WHOLE.encode("utf-16"),
    "latin-1": WHOLE.replace("Receiver", "Büro").replace("UTF-8", "ISO-8859-1").encode("latin-1"),
    "undeclared cp1252": WHOLE.replace("Receiver", "Büro").encode("cp1252"),
    "zeros after the root": XML + b"\0\0\0",
    "gzip": GZ,
    "zip": zipped(("a.xml", XML)),
    "gzip without trailer": GZ[:-8],
    "gzip with a wrong checksum": GZ[:-8] + b"\1\2\3\4" + GZ[-4:],
    "gzip with a footer": GZ + b"-- \nfooter",
    "gzip of gzip": gzip.compress(GZ, mtime=0),
    "zip of two": zipped(("a.xml", XML), ("b.xml", OTHER)),
    "zip with a note first": zipped(("README.txt", b"hi"), ("a.xml", XML)),
    "zip of gzip": zipped(("a.gz", GZ)),
    "zip without directory": zipped(("a.xml", XML)).partition(b"PK\x01\x02")[0],
    "bzip2": bz2.compress(XML),
    "xz": lzma.compress(XML),
    "tar": PACKS["tar"](XML),
    "zlib": zlib.compress(XML),
    "deflate": zlib.compress(XML)[2:-4],
    "TLS as Python prints it": repr(json.loads(TLS)).encode(),
    "placeholder": gzip.compress(b"unused", mtime=0),
    "two reports in one file": XML + OTHER.partition(b"\n")[2],
    "mail with gzip": report_mail((GZ, NAME)).as_bytes(),
    "mail with two": report_mail((GZ, "a.gz"), (zipped(("b.xml", OTHER)), "b.zip")).as_bytes(),
    "mail with 7bit XML": _attached("text/xml", WHOLE),
    "mail with XML as text": _attached("text/plain", WHOLE),
    "mail with gzip as text": _attached("text/plain", B64, "base64"),
    "mail with JSON": _attached("application/json", TLS),
    "mail with tlsrpt+json": _attached("application/tlsrpt+json", TLS),
    "mail with tlsrpt+gzip": _attached(
        "application/tlsrpt+gzip", base64.encodebytes(gzip.compress(TLS.encode(), mtime=0)).decode(), "base64"
    ),
    "mail with an image first": multipart(
        part("image/svg+xml", base64.encodebytes(b"<svg/>").decode(), encoding="base64"),
        part("application/gzip", B64, encoding="base64"),
        content_type=MIXED,
    ),
    "mail in a mail": _attached("message/rfc822", report_mail((GZ, NAME)).as_string()),
    "mail with a footer in base64": _attached("application/gzip", B64 + "-- \nThis mail was scanned\n", "base64"),
    "failure": failure_mail(),
    "failure without sample": failure_mail(sample=None),
    "failure with headers only": failure_mail(sample=SAMPLE.partition("\n\n")[0] + "\n", sample_type="text/rfc822-headers"),
    "failure without address": failure_mail(feedback=FEEDBACK.replace("Source-IP: 192.0.2.7\n", "")),
    "failure with a folded address": failure_mail(feedback=FEEDBACK.replace("IP: 192", "IP:\n 192")),
    "failure without date": failure_mail(feedback=FEEDBACK.replace("Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n", "")),
    "failure with an odd date": failure_mail(feedback=FEEDBACK.replace("Tue, 14 Nov 2023 22:13:20 +0000", "soon")),
    "failure without colon space": failure_mail(feedback=FEEDBACK.replace(": ", ":")),
    "failure delivered": failure_mail(feedback=FEEDBACK.replace("Result: reject", "Result: delivered")),
    "failure with an odd delivery": failure_mail(feedback=FEEDBACK.replace("Result: reject", "Result: Policy-Smtp-Reject")),
    "failure without domain": failure_mail(feedback=FEEDBACK.replace("Reported-Domain: example.com\n", "")),
    "failure without auth failure": failure_mail(feedback=FEEDBACK.replace("Auth-Failure: dmarc\n", "")),
    "failure of several kinds": failure_mail(feedback=FEEDBACK.replace("Failure: dmarc", "Failure: dmarc, spf")),
    "failure with an address twice": failure_mail(feedback=FEEDBACK.replace("Source-IP", "Source-IP: 192.0.2.99\nSource-IP")),
    "failure with an envelope id twice": failure_mail(feedback=FEEDBACK + "Original-Envelope-Id: env-2\n"),
    "failure with a long field": failure_mail(feedback=FEEDBACK.replace("env-1", "e" * 9000)),
    "failure with a sample without From": failure_mail(sample=SAMPLE.replace("From: Somebody <somebody@example.com>\n", "")),
    "failure with a date of sorts": failure_mail(feedback=FEEDBACK.replace("Tue, 14 Nov 2023 22:13:20 +0000", "14th of November")),
    "mails within mails": b"From: a@example.com\nContent-Type: message/rfc822\n\n" * 12 + report_mail((GZ, NAME)).as_bytes(),
    "mail without a head": b" 22:15:00 +0000\nMIME-Version: 1.0\n" + failure_mail().partition(b"MIME-Version: 1.0\n")[2],
    "mail with an odd date": report_mail((GZ, NAME)).as_bytes().replace(b"Date: Tue", b"Date: Foo, 99"),
    "zip of a broken and a whole one": zipped(("a.xml", XML.replace(b"<domain>", b"<")), ("b.xml", OTHER)),
    "complaint": failure_mail(feedback="Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\nSource-IP: 192.0.2.1\n"),
    "failure in base64": multipart(
        part("text/plain", "hello"),
        part("message/feedback-report", base64.encodebytes(FEEDBACK.encode()).decode(), encoding="base64"),
        part("message/rfc822", SAMPLE),
    ),
    "failure with the sample first": multipart(
        part("message/rfc822", SAMPLE), part("message/feedback-report", FEEDBACK)
    ),
}  # fmt: skip

WRITTEN: dict[str, bytes] = {
    **{name: text.encode() for name, text in _TEXTS.items()},
    **_BYTES,
    **{f"five rows as {name}": pack(CONTENTS["RFC 7489, five rows"]) for name, pack in PACKS.items()},
}
