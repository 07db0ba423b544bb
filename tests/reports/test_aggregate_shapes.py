"""Reports of other shapes than the RFC's: names in other spellings, other namespaces and roots, several rows in a record."""

from __future__ import annotations

import re
import time

import pytest

from reports.dto import AggregateReport, Payload, Repair
from reports.errors import Unreadable
from reports.ingest.read import read
from reports.ingest.reading.aggregate import read_aggregate
from reports.ingest.reading.names import MOST_ADOPTED
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import METADATA, POLICY, aggregate_xml, record_xml

WHOLE = aggregate_xml()
NAMES = (
    "report_metadata", "org_name", "report_id", "date_range", "policy_published", "source_ip", "policy_evaluated",
    "header_from", "envelope_from", "auth_results",
)  # fmt: skip
ROW = (
    "<row><source_ip>192.0.2.2</source_ip><count>3</count><policy_evaluated><disposition>reject</disposition>"
    "<dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>"
)
TWO_ROWS = record_xml().replace("</row>", "</row>" + ROW)


def _read(xml: str) -> AggregateReport:
    return read_aggregate(Payload("aggregate", 0, xml.encode()))


def _renamed(xml: str, pattern: str, hyphen: str = "") -> str:
    def respelt(at: re.Match[str]) -> str:
        return at[1].upper() if at.lastindex else hyphen

    return re.sub(r"(?<=<)/?[a-z][a-z_]*", lambda tag: re.sub(pattern, respelt, tag[0]), xml)


@pytest.mark.parametrize(
    ("pattern", "hyphen", "spelling"),
    [
        ("_([a-z])", "", "sourceIp"),
        ("(?:^|(?<=/)|_)([a-z])", "", "SourceIp"),
        ("_", "-", "source-ip"),
        ("_", "", "sourceip"),
    ],
)
def test_names_in_another_spelling_are_read_and_said_so(pattern: str, hyphen: str, spelling: str) -> None:
    data = _renamed(WHOLE, pattern, hyphen)
    assert f"<{spelling}>" in data
    found = read(data.encode())
    assert found.problems == ()
    report = found.reports[0].content
    assert isinstance(report, AggregateReport)
    assert report._replace(repairs=()) == _read(WHOLE)
    assert [(each.code, each.place) for each in report.repairs] == [(RepairCode.NAME_REWRITTEN, name) for name in NAMES]
    assert spelling in [each.sent for each in report.repairs]


def test_one_name_in_another_spelling_among_usual_ones() -> None:
    report = _read(WHOLE.replace("header_from", "headerFrom"))
    assert report.rows == _read(WHOLE).rows
    assert report.repairs == (Repair(RepairCode.NAME_REWRITTEN, "header_from", "headerFrom"),)


def test_records_in_another_spelling_are_read_though_the_text_is_broken() -> None:
    report = _read(_renamed(aggregate_xml(record_xml(), record_xml(), close=""), "_([a-z])"))
    assert report.rows == _read(aggregate_xml(record_xml(), record_xml())).rows


@pytest.mark.parametrize("root", ["dmarc_report", "report", "aggregateReport", "feedbacks", "a:b", "d:feedback_report"])
@pytest.mark.parametrize(
    "attributes", ["", ' xmlns="http://dmarc.org/dmarc-xml/0.1"', ' a="1" xmlns:a="u" xmlns:d="v"']
)
@pytest.mark.parametrize("version", ["", "<version>1.0</version>\n"])
def test_a_root_element_of_another_name(root: str, attributes: str, version: str) -> None:
    xml = aggregate_xml(root=f"<{root}{attributes}>\n{version}", close=f"</{root}>")
    report = _read(xml)
    assert report.rows == _read(WHOLE).rows
    assert report.head.version == ("1.0" if version else "")
    codes = [(each.code, each.sent) for each in report.repairs if each.code != RepairCode.UNDECLARED_PREFIX]
    assert codes == [(RepairCode.ROOT_NAME, root)]
    assert read(xml.encode()).problems == ()


def test_a_report_under_another_root_that_breaks_off_is_said_to() -> None:
    report = _read(aggregate_xml(root="<report>", close=""))
    assert [each.code for each in report.repairs] == [
        RepairCode.ROOT_NAME,
        RepairCode.XML_TRUNCATED,
        RepairCode.XML_RECOVERED,
    ]


def test_entities_are_refused_under_another_root_too() -> None:
    with pytest.raises(Unreadable) as caught:
        _read(aggregate_xml(declaration='<!DOCTYPE r [<!ENTITY a "b">]>', root="<report>", close="</report>"))
    assert caught.value.code == Reason.DOCTYPE_ENTITIES


@pytest.mark.parametrize(
    "name",
    ["report_metadata", "policy_published", "record", "row", "identifiers", "auth_results", "source_ip", "count"],
)
def test_parts_in_a_namespace_of_their_own_are_read(name: str) -> None:
    report = _read(WHOLE.replace(f"<{name}>", f'<{name} xmlns="urn:example">'))
    plain = _read(WHOLE)
    assert (report.head, report.rows, report.extensions) == (plain.head, plain.rows, ())
    assert report.repairs == (Repair(RepairCode.NAMESPACE_ADOPTED, name, "urn:example"),)


def test_parts_in_namespaces_of_their_own_stand_in_for_none_that_are_there() -> None:
    after = '<row xmlns="urn:example"><source_ip>192.0.2.9</source_ip><count>9</count></row>'
    report = _read(aggregate_xml(record_xml(after=after)))
    assert report.rows == _read(WHOLE).rows
    assert [each.place for each in report.extensions] == ["record"]


def test_only_some_namespaces_are_adopted() -> None:
    records = [record_xml().replace("<record>", f'<record xmlns="urn:example:{n}">') for n in range(MOST_ADOPTED + 5)]
    report = _read(aggregate_xml(*records))
    assert len(report.rows) == sum(each.code == RepairCode.NAMESPACE_ADOPTED for each in report.repairs)
    assert MOST_ADOPTED - 2 <= len(report.rows) <= MOST_ADOPTED


def test_elements_around_the_report_end_where_they_like() -> None:
    body = WHOLE.partition("\n")[2]
    report = _read(f'<e:Envelope xmlns:e="urn:x">\n<e:Body>{body}</e:Body>\n</e:Envelope >\n')
    assert report.rows == _read(WHOLE).rows
    assert [each.code for each in report.repairs] == [RepairCode.TEXT_BEFORE_XML]


def test_elements_around_the_records_are_no_extension() -> None:
    report = _read(aggregate_xml("<records>" + record_xml() + record_xml() + "</records>"))
    assert (len(report.rows), report.extensions, report.repairs) == (2, (), ())


ARC = "<arc><domain>relay.example</domain><result>pass</result></arc>"
FOREIGN_ARC = f'<x:arc xmlns:x="urn:example:arc">{ARC[5:-6]}</x:arc>'
INNER = "<addition><source_ip>203.0.113.9</source_ip><count>9</count><dkim>fail</dkim><spf>pass</spf></addition>"


@pytest.mark.parametrize(
    ("before", "unknown"),
    [
        ("<dkim><domain>", ARC),
        ("<dkim><domain>", FOREIGN_ARC),
        ("<dkim><domain>", "<arc/>"),
        ("<spf><domain>", ARC),
        ("</auth_results>", FOREIGN_ARC),
        ("<selector>", "<key_size/>"),
        ("<result>pass", "<key_size><domain>relay.example</domain></key_size>"),
        ("<source_ip>", INNER),
        ("<row>", INNER),
        ("<dkim>pass", "<arc><dkim>fail</dkim></arc>"),
        ("<header_from>", "<original><header_from>relay.example</header_from></original>"),
        ("</record>", INNER),
    ],
)
def test_what_unknown_elements_hold_is_none_of_the_record_and_what_follows_them_is(before: str, unknown: str) -> None:
    (plain,) = _read(WHOLE).rows
    xml = WHOLE.replace(before, unknown + before, 1)
    assert xml != WHOLE
    report = _read(xml)
    assert report.rows == (plain,)
    assert [each.xml for each in report.extensions] == [unknown]
    assert {repair.code for repair in report.repairs} <= {RepairCode.UNKNOWN_ELEMENT}


def test_a_reason_is_read_behind_an_unknown_element_in_it() -> None:
    reason = "<disposition>none</disposition><reason><lang/><type>forwarded</type><comment>c</comment></reason>"
    assert _read(WHOLE.replace("<disposition>none</disposition>", reason)).rows[0].reasons == (("forwarded", "c"),)


def test_an_element_around_several_of_a_kind_is_a_wrapping() -> None:
    several = WHOLE.replace("<dkim><domain>", "<dkims><dkim><domain>").replace("</dkim><spf><", "</dkim></dkims><spf><")
    reasons = "<disposition>none</disposition><reasons><reason><type>other</type></reason></reasons>"
    (plain,) = _read(WHOLE).rows
    assert several != WHOLE
    assert _read(several).rows == (plain,)
    assert _read(WHOLE.replace("<disposition>none</disposition>", reasons)).rows[0].reasons == (("other", ""),)


def test_identifiers_within_the_results_end_none_of_them() -> None:
    (plain,) = _read(WHOLE).rows
    identifiers = (
        WHOLE.partition("<identifiers>")[2].partition("</identifiers>")[0].join(("<identifiers>", "</identifiers>"))
    )
    moved = WHOLE.replace(identifiers, "").replace("<auth_results>", "<auth_results>" + identifiers)
    assert _read(moved).rows == (plain,)


@pytest.mark.parametrize("part", ["row", "identifiers", "auth_results"])
def test_an_unknown_element_around_the_only_part_of_a_kind_is_a_wrapping(part: str) -> None:
    (plain,) = _read(WHOLE).rows
    wrapped = WHOLE.replace(f"<{part}>", f"<data><{part}>").replace(f"</{part}>", f"</{part}></data>")
    assert _read(wrapped).rows == (plain,)


def test_each_row_of_a_record_is_counted_with_what_belongs_to_all() -> None:
    report = _read(aggregate_xml(TWO_ROWS, record_xml()))
    first, second, third = report.rows
    assert [(row.position, str(row.source_ip), row.count) for row in report.rows] == [
        (1, "192.0.2.1", 2),
        (2, "192.0.2.2", 3),
        (3, "192.0.2.1", 2),
    ]
    assert (second.disposition, second.dkim, second.spf) == ("reject", "fail", "fail")
    assert second._replace(position=1, source_ip=first.source_ip, count=2, disposition="none", dkim="pass") == first
    assert third._replace(position=1) == first
    assert report.repairs == (Repair(RepairCode.SEVERAL_ROWS, "record[1]/row", "2"),)


def test_a_row_that_cannot_be_counted_takes_none_of_its_record_with_it() -> None:
    report = _read(aggregate_xml(TWO_ROWS.replace("192.0.2.2", "nowhere")))
    assert [row.count for row in report.rows] == [2]
    assert [(row.position, row.code, row.text) for row in report.rejected] == [
        (2, Reason.BAD_SOURCE_IP, ROW.replace("192.0.2.2", "nowhere"))
    ]


def test_extensions_of_a_record_with_several_rows_are_kept_once() -> None:
    after = '<x xmlns="urn:example"/>'
    report = _read(aggregate_xml(TWO_ROWS.replace("</record>", after + "</record>")))
    assert [(each.record, each.xml) for each in report.extensions] == [(1, after)]


def test_the_same_rows_in_records_of_their_own_are_the_same_rows() -> None:
    own = record_xml().replace(re.search("<row>.*</row>", record_xml())[0], ROW)  # type: ignore[index]
    apart = _read(aggregate_xml(record_xml(), own))
    together = _read(aggregate_xml(TWO_ROWS))
    assert (apart.rows, apart.rows_hash) == (together.rows, together.rows_hash)


def test_a_second_address_or_count_in_a_row_is_said() -> None:
    report = _read(aggregate_xml(record_xml(count="<source_ip>192.0.2.7</source_ip><count>2</count><count>8</count>")))
    assert [(str(row.source_ip), row.count) for row in report.rows] == [("192.0.2.1", 2)]
    assert report.repairs == (
        Repair(RepairCode.REPEATED_ELEMENT, "record[1]/row/source_ip", "192.0.2.7"),
        Repair(RepairCode.REPEATED_ELEMENT, "record[1]/row/count", "8"),
    )


def test_many_rows_that_share_much_are_bounded() -> None:
    shared = "<dkim><domain>example.com</domain><result>pass</result></dkim>" * 3000
    record = record_xml(results=shared).replace("</row>", "</row>" + ROW * 10_000)
    start = time.perf_counter()
    with pytest.raises(Unreadable) as caught:
        _read(aggregate_xml(record))
    assert caught.value.code == Reason.TOO_MANY_ELEMENTS
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("name", ["ReportMetadata", "reportMetadata", "report-metadata", "record"])
def test_files_of_other_kinds_with_such_a_name_are_other_xml(name: str) -> None:
    (problem,) = read(f"<Report><{name}><Author>A</Author></{name}></Report>".encode()).problems
    assert problem.code == Reason.OTHER_XML


def test_the_name_of_the_record_of_a_domain_is_that_domain() -> None:
    report = _read(aggregate_xml(policy=POLICY.replace("<domain>", "<domain>_dmarc.")))
    assert report.head == _read(WHOLE).head
    assert report.repairs == (Repair(RepairCode.DOMAIN_REWRITTEN, "policy_published/domain", "_dmarc.example.com"),)


def test_metadata_and_policy_alone_are_no_report_of_another_root() -> None:
    assert read(f"<settings>{POLICY}</settings>".encode()).reports == ()
    assert read(f"<settings>{METADATA}</settings>".encode()).reports == ()
