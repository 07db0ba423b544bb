from __future__ import annotations

import pytest

from reports.dto import AggregateReport, Extension, MailFacts, Payload, Repair
from reports.errors import Unreadable
from reports.ingest.reading import extensions
from reports.ingest.reading.aggregate import read_aggregate
from reports.ingest.reading.streamed import LONGEST_ELEMENT
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import BEGIN, END, METADATA, NAME, POLICY, aggregate_xml, record_xml

NO_FACTS = MailFacts()
WHOLE = aggregate_xml()


def _read(xml: str | bytes, *, filename: str = "", mail: MailFacts = NO_FACTS) -> AggregateReport:
    return read_aggregate(Payload("aggregate", 0, xml.encode() if isinstance(xml, str) else xml, filename, mail=mail))


def _refusal(xml: str | bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        _read(xml)
    return caught.value.code


def _codes(report: AggregateReport) -> list[str]:
    return [repair.code for repair in report.repairs]


ENTITY = '<!DOCTYPE feedback [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>\n'


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"", Reason.NOT_XML),
        (b"words", Reason.NOT_XML),
        (b"<rss/>", Reason.NOT_AGGREGATE),
        (aggregate_xml(declaration=ENTITY), Reason.DOCTYPE_ENTITIES),
        (aggregate_xml(declaration=ENTITY.lower().replace("entity", "Entity")), Reason.DOCTYPE_ENTITIES),
        ("<feedback/>", Reason.NOT_AGGREGATE),
        ("<feedback><version>1.0</version></feedback>", Reason.NO_DOMAIN),
        (aggregate_xml("<record/>", policy=""), Reason.NO_DOMAIN),
        (aggregate_xml(metadata=METADATA.replace(str(BEGIN), "soon").replace(str(END), "")), Reason.NO_PERIOD),
        (aggregate_xml(metadata=METADATA.replace(str(BEGIN), "9" * 17).replace(str(END), "-5")), Reason.NO_PERIOD),
        (
            aggregate_xml(metadata=METADATA.partition("<org_name>")[0] + METADATA.partition("</email>")[2]),
            Reason.NO_REPORTER,
        ),
    ],
)
def test_what_cannot_be_counted_anywhere_is_refused_with_its_reason(xml: str | bytes, code: Reason) -> None:
    assert _refusal(xml) == code


def test_an_outside_doctype_is_ignored_and_never_fetched() -> None:
    report = _read(WHOLE.replace("<feedback>", '<!DOCTYPE feedback SYSTEM "file:///etc/passwd">\n<feedback>', 1))
    assert report == _read(WHOLE)._replace(repairs=(Repair(RepairCode.DOCTYPE_IGNORED),))


def test_an_entity_that_nobody_defined_is_dropped_and_said_so() -> None:
    report = _read(WHOLE.replace("Receiver Example", "Receiver &xxe; Example"))
    assert report.head.org_name == "Receiver &xxe; Example"
    assert _codes(report) == [RepairCode.BARE_AMPERSAND]


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"\xef\xbb\xbf" + WHOLE.encode(), [RepairCode.BYTE_ORDER_MARK]),
        (WHOLE.encode("utf-16"), [RepairCode.BYTE_ORDER_MARK]),
        (b"\xfe\xff" + WHOLE.encode("utf-16-be"), [RepairCode.BYTE_ORDER_MARK]),
        (WHOLE.encode("utf-16-le"), [RepairCode.ENCODING_GUESSED]),
        (WHOLE.encode("utf-16-be"), [RepairCode.ENCODING_GUESSED]),
        (("\n" + WHOLE).encode("utf-16-be"), [RepairCode.ENCODING_GUESSED]),
        (b"\r\n \n" + WHOLE.encode(), []),
        (b"\0\0" + WHOLE.encode(), [RepairCode.TEXT_BEFORE_XML]),
        (WHOLE.replace('<?xml version="1.0" encoding="UTF-8"?>\n', "").encode(), []),
        (WHOLE.replace("?>\n", "?>").encode(), []),
        (WHOLE.replace("UTF-8", "no-such-code").encode(), []),
        (WHOLE.replace("UTF-8", "hex").encode(), []),
        (WHOLE.replace("UTF-8", "utf-16").encode(), []),
        (WHOLE.replace("UTF-8", "cp037").encode(), []),
        (f"<!-- <feedback> -->{WHOLE[39:]}".encode(), []),
        (
            WHOLE.replace("<feedback>", '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">\n<feedback>').encode(),
            [RepairCode.TEXT_BEFORE_XML],
        ),
        (b"Report follows: " + WHOLE.encode(), [RepairCode.TEXT_BEFORE_XML]),
    ],
)
def test_what_stands_before_the_root(data: bytes, codes: list[RepairCode]) -> None:
    report = _read(data)
    assert _codes(report) == codes
    assert report._replace(repairs=()) == _read(WHOLE)


@pytest.mark.parametrize(
    ("declared", "encoding", "codes"),
    [
        ("UTF-8", "utf-8", []),
        ("windows-1252", "cp1252", [RepairCode.ENCODING_CONVERTED]),
        ("ISO-8859-1", "latin-1", [RepairCode.ENCODING_CONVERTED]),
        ("UTF-8", "cp1252", [RepairCode.ENCODING_GUESSED]),
    ],
)
def test_letters_survive_in_every_encoding(declared: str, encoding: str, codes: list[RepairCode]) -> None:
    xml = WHOLE.replace("Receiver Example", "Büro").replace("UTF-8", declared)
    report = _read(xml.encode(encoding))
    assert report.head.org_name == "Büro"
    assert _codes(report) == codes


def test_utf_8_with_a_single_foreign_byte_keeps_both() -> None:
    report = _read(WHOLE.encode().replace(b"Receiver Example", "Büro ".encode() + b"B\xfcro"))
    assert report.head.org_name == "Büro Büro"


@pytest.mark.parametrize(
    ("xml", "namespace", "codes"),
    [
        (
            WHOLE.replace("<feedback>", '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
            "urn:ietf:params:xml:ns:dmarc-2.0",
            [],
        ),
        (
            WHOLE.replace("feedback>", "n:feedback>").replace(
                "<n:feedback>", '<n:feedback xmlns:n="http://dmarc.org/dmarc-xml/0.1">'
            ),
            "http://dmarc.org/dmarc-xml/0.1",
            [],
        ),
        (
            WHOLE.replace("</", "</n:")
            .replace("<", "<n:")
            .replace("<n:/n:", "</n:")
            .replace("<n:?", "<?")
            .replace("<n:feedback>", '<n:feedback xmlns:n="urn:x">'),
            "urn:x",
            [],
        ),
        (WHOLE.replace("feedback>", "n:feedback>"), "urn:undeclared-prefix", [RepairCode.UNDECLARED_PREFIX]),
        (WHOLE.replace("<org_name>", '<org_name xml:lang="en">'), "", []),
        (
            WHOLE.replace("<count>2</count>", "<count><![CDATA[2]]></count>").replace("Receiver", "<!-- c -->Receiver"),
            "",
            [],
        ),
    ],
)
def test_namespaces_attributes_comments_and_cdata_make_no_difference(
    xml: str, namespace: str, codes: list[RepairCode]
) -> None:
    report = _read(xml)
    assert report.head.namespace == namespace
    assert _codes(report) == codes
    assert report.rows == _read(WHOLE).rows
    assert report.head.org_name == "Receiver Example"


@pytest.mark.parametrize("convert", [str.upper, str.title])
def test_element_names_in_capitals(convert: type[str]) -> None:
    body = "".join(
        convert(piece) if piece.startswith("<") else piece
        for piece in WHOLE.partition("\n")[2].replace(">", ">\1").replace("<", "\1<").split("\1")
    )
    assert _read(body).rows == _read(WHOLE).rows


@pytest.mark.parametrize(
    ("spoilt", "codes"),
    [
        (("Receiver Example", "Smith & Sons"), [RepairCode.BARE_AMPERSAND]),
        (("noreply@receiver.example", "Reports <noreply@receiver.example>"), [RepairCode.BARE_ADDRESS]),
        (("Receiver Example", "Receiver < Example"), [RepairCode.BARE_LESS_THAN]),
        (("Receiver Example", "Receiver <3"), [RepairCode.BARE_LESS_THAN]),
        (("Receiver Example", "Receiver <>"), [RepairCode.BARE_LESS_THAN]),
        (("Receiver Example", "Receiver <b and so on"), [RepairCode.BARE_LESS_THAN]),
        (("<count>2</count>", "<count>2/count>"), [RepairCode.CLOSE_TAG]),
        (("Receiver Example", "Receiver\x01\0 Example"), [RepairCode.CONTROL_CHARACTERS]),
        (("Receiver Example", "Receiver&#0; Example"), [RepairCode.CONTROL_CHARACTERS]),
        (("</feedback>\n", "</feedback>\n\0\0\0"), [RepairCode.CONTROL_CHARACTERS]),
        (("</feedback>\n", "</feedback>\ntrailing words"), [RepairCode.XML_RECOVERED]),
        (("</feedback>\n", ""), [RepairCode.XML_TRUNCATED, RepairCode.XML_RECOVERED]),
        (("<feedback>", ""), [RepairCode.ROOT_MISSING]),
        (("</identifiers>", ""), [RepairCode.XML_RECOVERED]),
    ],
)
def test_broken_xml_is_mended_and_nothing_of_the_rows_is_lost(spoilt: tuple[str, str], codes: list[RepairCode]) -> None:
    xml = WHOLE.replace(*spoilt)
    assert xml != WHOLE
    report = _read(xml)
    assert list(dict.fromkeys(_codes(report))) == codes
    assert report.rows == _read(WHOLE).rows


def test_mended_texts_are_whole() -> None:
    assert _read(WHOLE.replace("Receiver Example", "Smith & Sons")).head.org_name == "Smith & Sons"
    assert (
        _read(WHOLE.replace("noreply@receiver.example", "R <n@receiver.example>")).head.email
        == "R <n@receiver.example>"
    )


def test_a_row_cut_off_in_the_middle_is_rejected_and_not_counted() -> None:
    xml = aggregate_xml(record_xml(), record_xml(count="<count>1234</count>"))
    report = _read(xml[: xml.index("1234") + 2])
    assert [row.count for row in report.rows] == [2]
    assert [(row.position, row.code) for row in report.rejected] == [(2, Reason.ROW_TRUNCATED)]
    assert RepairCode.XML_TRUNCATED in _codes(report)


@pytest.mark.parametrize("cut", ["example.com</domain>", "</policy_published>", "2</count>"])
def test_a_report_that_breaks_off_before_its_first_whole_row_is_refused(cut: str) -> None:
    end = WHOLE.index(cut) + 7  # within "example.com", the first of these cuts would make a domain "example" of it
    with pytest.raises(Unreadable) as refused:
        _read(WHOLE[:end])
    assert refused.value.code == Reason.REPORT_TRUNCATED


A_RECORD = record_xml()
DEEP = record_xml(after="<a>" * 300 + "</a>" * 300)


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        (DEEP, Reason.ROW_BROKEN),
        (A_RECORD.replace("</record>", ""), Reason.ROW_BROKEN),
        (A_RECORD[:90], Reason.ROW_BROKEN),
        (A_RECORD.replace("<count>2</count><policy_evaluated>", "<cou"), Reason.ROW_BROKEN),
        (A_RECORD.replace("</source_ip>", "</source_"), Reason.ROW_BROKEN),
        (A_RECORD.replace("</row>", "</row><!-- said --"), Reason.ROW_BROKEN),
        (A_RECORD.replace("<count>2", "<count unit=mails>2"), Reason.ROW_BROKEN),
        (A_RECORD.replace("192.0.2.1</source_ip>", "</row></row>"), Reason.ROW_BROKEN),
        (A_RECORD.replace("192.0.2.1</source_ip>", "</row>"), Reason.BAD_SOURCE_IP),
    ],
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_broken_record_is_kept_beside_its_siblings_and_takes_none_with_it(
    spoilt: str, code: Reason, position: int
) -> None:
    records = [record_xml(count="<count>5</count>"), record_xml(count="<count>7</count>")]
    records.insert(position, spoilt)
    report = _read(aggregate_xml(*records))
    assert [row.count for row in report.rows] == [5, 7]
    assert [(row.position, row.code) for row in report.rejected] == [(position + 1, code)]
    assert report.rejected[0].text.startswith("<record><row>")
    assert RepairCode.XML_RECOVERED in _codes(report)
    assert RepairCode.XML_TRUNCATED not in _codes(report)


def test_after_an_error_in_the_first_of_many_records_all_others_are_read() -> None:
    records = [record_xml(count=f"<count>{number}</count>") for number in range(1, 2001)]
    report = _read(aggregate_xml(DEEP, *records))
    assert [row.count for row in report.rows] == list(range(1, 2001))
    assert [row.position for row in report.rows[:2]] == [2, 3]


def test_a_large_report_that_breaks_in_its_first_record_is_read_to_its_end() -> None:
    records = record_xml(after="<!--" + " " * 300 + "-->") * 8000
    assert len(records) > LONGEST_ELEMENT
    report = _read(aggregate_xml(DEEP, records))
    assert (len(report.rows), len(report.rejected)) == (8000, 1)


def test_a_report_whose_only_record_is_nested_beyond_reading_keeps_it_as_a_rejected_one() -> None:
    report = _read(aggregate_xml(DEEP))
    assert (report.rows, [row.code for row in report.rejected]) == ((), [Reason.ROW_BROKEN])
    assert RepairCode.NO_RECORDS not in _codes(report)


@pytest.mark.parametrize(("levels", "counts"), [(254, [2, 2]), (255, [2])])
def test_a_record_is_read_down_to_the_256th_level(levels: int, counts: list[int]) -> None:
    deep = A_RECORD.replace("</record>", "<a>" * levels + "</a>" * levels + "</record>")
    report = _read(aggregate_xml(deep, A_RECORD))
    assert [row.count for row in report.rows] == counts
    assert len(report.rejected) == 2 - len(counts)


def test_what_only_looks_like_a_record_in_a_broken_text_is_none() -> None:
    comment = "<!-- <record><row> -->"
    report = _read(aggregate_xml(comment, A_RECORD, DEEP, comment))
    assert ([row.count for row in report.rows], [row.position for row in report.rejected]) == ([2], [2])


def test_records_of_a_broken_text_keep_their_prefixes() -> None:
    prefixed = aggregate_xml(A_RECORD, A_RECORD.replace("</record>", ""), A_RECORD, declaration="")
    prefixed = prefixed.replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:")
    report = _read(prefixed.replace("<n:feedback>", '<n:feedback xmlns:n="urn:x">'))
    assert ([row.count for row in report.rows], len(report.rejected)) == ([2, 2], 1)


def test_an_envelope_sender_in_bare_brackets_is_empty() -> None:
    report = _read(WHOLE.replace("<envelope_from>bounce.example", "<envelope_from><>"))
    assert [row.envelope_from for row in report.rows] == [""]
    assert _codes(report) == [RepairCode.BARE_LESS_THAN]


def test_without_a_root_element_a_report_that_ends_with_a_row_is_whole() -> None:
    xml = WHOLE.replace("<feedback>", "").replace("</feedback>", "")
    assert _codes(_read(xml)) == [RepairCode.ROOT_MISSING, RepairCode.XML_RECOVERED]


def test_a_report_without_rows_is_an_empty_report() -> None:
    report = _read(aggregate_xml("\n"))
    assert (report.rows, report.rejected, report.messages, _codes(report)) == ((), (), 0, [RepairCode.NO_RECORDS])


@pytest.mark.parametrize(
    ("begin", "end", "period", "codes"),
    [
        (f" {BEGIN} ", f"{END}\n", (BEGIN, END), []),
        (f"{BEGIN}.5", f"{END}.0", (BEGIN, END), [RepairCode.PERIOD_REWRITTEN] * 2),
        (f"{BEGIN}000", f"{END}999", (BEGIN, END), [RepairCode.PERIOD_REWRITTEN] * 2),
        (f"{BEGIN}000000", f"{END}000000000", (BEGIN, END), [RepairCode.PERIOD_REWRITTEN] * 2),
        ("1.7E9", "1.700086399e+09", (BEGIN, END), [RepairCode.PERIOD_REWRITTEN] * 2),
        (
            "Tue, 14 Nov 2023 22:13:20 +0000",
            "Wed, 15 Nov 2023 22:13:19 GMT",
            (BEGIN, END),
            [RepairCode.PERIOD_REWRITTEN] * 2,
        ),
        ("2023-11-14T22:13:20Z", "2023-11-15 22:13:19", (BEGIN, END), [RepairCode.PERIOD_REWRITTEN] * 2),
        ("2023/11/14 22:13:20", "2023-11-15t22:13:19z", (BEGIN, END), [RepairCode.PERIOD_REWRITTEN] * 2),
        (END, BEGIN, (BEGIN, END), [RepairCode.PERIOD_SWAPPED]),
        (BEGIN, BEGIN, (BEGIN, BEGIN), []),
        ("", END, (END - 86400, END), [RepairCode.PERIOD_ASSUMED]),
        (BEGIN, "", (BEGIN, BEGIN + 86400), [RepairCode.PERIOD_ASSUMED]),
        (1, 4000000000, (1, 4000000000), []),
    ],
)
def test_a_period_in_any_guise_is_kept_as_one_interval(
    begin: object, end: object, period: tuple[int, int], codes: list[RepairCode]
) -> None:
    report = _read(
        aggregate_xml(
            metadata=METADATA.replace(str(BEGIN), str(begin)).replace(str(END), str(end))
            if begin != END
            else METADATA.replace(str(BEGIN), "x").replace(str(END), str(BEGIN)).replace("x<", f"{END}<")
        )
    )
    assert (report.head.begin, report.head.end) == period
    assert _codes(report) == codes
    assert len(report.rows) == 1


def test_file_name_subject_and_sender_stand_in_for_what_is_missing() -> None:
    xml = aggregate_xml(metadata="", policy="", root="<feedback>")
    mail = MailFacts(
        "Report Domain: example.com Submitter: receiver.example Report-ID: <r-9>", "noreply@receiver.example"
    )
    report = _read(xml, filename=NAME, mail=mail)
    head = report.head
    assert (head.org_name, head.email, head.report_id) == ("receiver.example", "noreply@receiver.example", "r-9")
    assert (head.begin, head.end, head.policy.domain) == (BEGIN, END, "example.com")
    assert _codes(report) == [
        RepairCode.DOMAIN_ASSUMED,
        RepairCode.PERIOD_ASSUMED,
        RepairCode.PERIOD_ASSUMED,
        RepairCode.EMAIL_MISSING,
        RepairCode.ORG_NAME_ASSUMED,
        RepairCode.REPORT_ID_MISSING,
        RepairCode.POLICY_MISSING,
    ]


def test_the_from_domain_of_the_first_row_stands_in_for_the_policy_domain() -> None:
    report = _read(aggregate_xml(policy=""))
    assert (report.head.policy.domain, report.head.policy.p) == ("example.com", None)


def test_the_metadata_may_follow_the_rows_and_stand_in_any_order() -> None:
    xml = aggregate_xml(metadata="", policy="", close=f"{POLICY}{METADATA}</feedback>")
    assert _read(xml) == _read(WHOLE)


def test_all_elements_of_the_head_in_both_rfcs() -> None:
    metadata = METADATA.replace(
        "</report_metadata>",
        '<extra_contact_info lang="en">call us</extra_contact_info><error>one</error><error>two</error><generator>G 1</generator></report_metadata>',
    )
    policy = (
        "<policy_published><domain>Example.com</domain><adkim>R</adkim><aspf>s</aspf><p>none</p><sp/><np>reject</np><pct>50</pct>"
        "<fo>1</fo><testing>y</testing><discovery_method>treewalk</discovery_method></policy_published>"
    )
    head = _read(aggregate_xml(root="<feedback><version>1.0</version>", metadata=metadata, policy=policy)).head
    assert (head.version, head.generator, head.extra_contact_info, head.errors) == (
        "1.0",
        "G 1",
        "call us",
        ("one", "two"),
    )
    sent = head.policy
    assert (sent.domain, sent.adkim, sent.aspf, sent.p, sent.sp, sent.np) == (
        "example.com",
        "r",
        "s",
        "none",
        "",
        "reject",
    )
    assert (sent.pct, sent.fo, sent.testing, sent.discovery_method) == ("50", "1", "y", "treewalk")


def test_a_repeated_head_element_is_named_and_the_first_counts() -> None:
    report = _read(aggregate_xml(policy=POLICY + POLICY.replace("example.com", "other.example")))
    assert report.head.policy.domain == "example.com"
    assert [(repair.code, repair.place) for repair in report.repairs] == [
        (RepairCode.REPEATED_ELEMENT, "policy_published"),
        (RepairCode.REPEATED_ELEMENT, "policy_published/domain"),
    ]


def test_an_extension_of_the_report_does_not_mix_with_it_and_is_kept() -> None:
    extension = (
        '<extension><x:any xmlns:x="urn:x"><x:domain>evil.example</x:domain></x:any><version>7</version></extension>'
    )
    report = _read(aggregate_xml(policy=POLICY + extension))
    assert report == _read(WHOLE)._replace(extensions=(Extension("extension", extension),))


def test_extensions_of_records_are_kept_with_the_number_of_their_record() -> None:
    extended = record_xml(after='<x:note xmlns:x="urn:x" level="3"><x:why>so</x:why></x:note><x:b xmlns:x="urn:x"/>')
    report = _read(aggregate_xml(record_xml(), extended, record_xml(), extended))
    note = '<x:note xmlns:x="urn:x" level="3"><x:why>so</x:why></x:note>'
    assert [(each.record, each.place, each.xml) for each in report.extensions] == [
        (2, "record", note), (2, "record", '<x:b xmlns:x="urn:x"/>'),
        (4, "record", note), (4, "record", '<x:b xmlns:x="urn:x"/>'),
    ]  # fmt: skip
    assert report.repairs == ()
    assert report._replace(extensions=()) == _read(aggregate_xml(*[record_xml()] * 4))


@pytest.mark.parametrize(
    ("place", "parent"),
    [
        ("</report_metadata>", "report_metadata"),
        ("</policy_published>", "policy_published"),
        ("</date_range>", "date_range"),
        ("</row>", "row"),
        ("</auth_results>", "auth_results"),
        ("</record>", "record"),
        ("</feedback>", "feedback"),
        ("<record>", "feedback"),
    ],
)
def test_an_unknown_element_anywhere_is_kept_and_named(place: str, parent: str) -> None:
    unknown = "<odd a='b'><domain>evil.example</domain></odd>"
    report = _read(WHOLE.replace(place, unknown + place, 1))
    assert [(each.place, each.xml) for each in report.extensions] == [(parent, unknown.replace("'", '"'))]
    assert [(repair.code, repair.place.split("/")[-1]) for repair in report.repairs] == [
        (RepairCode.UNKNOWN_ELEMENT, parent)
    ]
    assert report.rows == _read(WHOLE).rows


@pytest.mark.parametrize("end", ["</policy_published>", "</record>", "</feedback>"])
def test_a_prefix_that_nobody_declared_is_named_and_its_element_is_kept(end: str) -> None:
    report = _read(WHOLE.replace(end, f"<ext:a>b</ext:a>{end}"))
    assert [each.xml for each in report.extensions] == ["<ext:a>b</ext:a>"]
    assert RepairCode.UNDECLARED_PREFIX in _codes(report)
    assert RepairCode.XML_RECOVERED not in _codes(report)
    assert report.rows == _read(WHOLE).rows


def test_extensions_are_kept_up_to_a_bound_and_what_is_beyond_it_is_named() -> None:
    kept = f"<extension>{'x' * (extensions.LENGTH - 33)}</extension>"
    at_limit = _read(aggregate_xml(policy=f"{POLICY}{kept}", close="<a>1</a></feedback>"))
    assert sum(len(each.xml) for each in at_limit.extensions) == extensions.LENGTH - 2
    assert _codes(at_limit) == [RepairCode.UNKNOWN_ELEMENT]
    beyond = _read(aggregate_xml(policy=f"{POLICY}{kept}", close="<a>1234567</a><b/></feedback>"))
    assert sum(len(each.xml) for each in beyond.extensions) == extensions.LENGTH
    assert [(repair.code, repair.sent) for repair in beyond.repairs] == [
        (RepairCode.UNKNOWN_ELEMENT, "<a>1234567</a>"),
        (RepairCode.EXTENSION_SKIPPED, "</a>"),
        (RepairCode.EXTENSION_SKIPPED, ""),
    ]


def test_the_tag_psd_is_a_part_of_the_policy() -> None:
    policy = POLICY.replace("</policy_published>", "<psd>n</psd><t>y</t></policy_published>")
    sent = _read(aggregate_xml(policy=policy)).head.policy
    assert (sent.psd, sent.testing) == ("n", "y")
    assert _read(WHOLE).head.policy.psd is None


def test_repairs_of_the_container_are_repairs_of_the_report() -> None:
    repair = Repair(RepairCode.ARCHIVE_TRUNCATED, "gzip")
    assert read_aggregate(Payload("aggregate", 0, WHOLE.encode(), repairs=(repair,))).repairs == (repair,)


@pytest.mark.parametrize("namespace", ["}urn:ietf:params:xml:ns:dmarc-2.0", "{x}", "a b"])
def test_a_namespace_may_be_any_text(namespace: str) -> None:
    report = _read(WHOLE.replace("<feedback", f'<feedback xmlns="{namespace}"', 1))
    assert (report.head.namespace, report.rows) == (namespace, _read(WHOLE).rows)


def test_a_long_namespace_or_version_is_cut_and_said_so() -> None:
    report = _read(aggregate_xml(root=f'<feedback xmlns="urn:{"x" * 600}"><version>{"1" * 600}</version>'))
    assert (len(report.head.namespace), len(report.head.version)) == (500, 500)
    assert [(each.code, each.place) for each in report.repairs] == [
        (RepairCode.TEXT_CUT, "version"),
        (RepairCode.TEXT_CUT, "xmlns"),
    ]
