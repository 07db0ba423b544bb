from __future__ import annotations

from ipaddress import ip_address

import pytest

from reports.dto import (
    AggregateHead,
    AggregateReport,
    AggregateRow,
    DkimResult,
    OverrideReason,
    Payload,
    PolicyPublished,
    SpfResult,
)
from reports.ingest.reading.aggregate import read_aggregate
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import BEGIN, END, aggregate_xml, record_xml


def _read(*records: str) -> AggregateReport:
    return read_aggregate(Payload("aggregate", 0, aggregate_xml(*records).encode()))


def _row(record: str) -> tuple[AggregateRow, list[tuple[str, str, str]]]:
    report = _read(record)
    assert report.rejected == ()
    (row,) = report.rows
    return row, [(repair.code, repair.place.removeprefix("record[1]/"), repair.sent) for repair in report.repairs]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (record_xml(source_ip="<source_ip>108r.166.1.1</source_ip>"), Reason.BAD_SOURCE_IP),
        (record_xml(source_ip="<source_ip/>"), Reason.BAD_SOURCE_IP),
        (record_xml(source_ip=""), Reason.BAD_SOURCE_IP),
        (record_xml(source_ip="<source_ip>010.1.1.1</source_ip>"), Reason.BAD_SOURCE_IP),
        (record_xml(count=""), Reason.BAD_COUNT),
        (record_xml(count="<count>many</count>"), Reason.BAD_COUNT),
        (record_xml(count="<count>-3</count>"), Reason.BAD_COUNT),
        (record_xml(count="<count>1.5</count>"), Reason.BAD_COUNT),
        (record_xml(count=f"<count>{2**53 + 1}</count>"), Reason.BAD_COUNT),
        (record_xml(count=f"<count>{'9' * 5000}</count>"), Reason.BAD_COUNT),
        ("<record/>\n", Reason.ROW_WITHOUT_CONTENT),
        ("<record><row/></record>\n", Reason.ROW_WITHOUT_CONTENT),
    ],
)
def test_a_row_that_cannot_be_counted_is_kept_beside_its_siblings(bad: str, code: Reason) -> None:
    report = _read(record_xml(), bad, record_xml())
    assert [(row.position, row.count) for row in report.rows] == [(1, 2), (3, 2)]
    assert [(row.position, row.code) for row in report.rejected] == [(2, code)]
    assert report.rejected[0].text.startswith(bad.strip()[:40].removesuffix("/>"))
    assert len(report.rejected[0].text) <= 4000
    assert report.messages == 4


def test_a_whole_report_is_read_as_sent() -> None:
    report = _read()
    assert report == AggregateReport(
        head=AggregateHead(
            org_name="Receiver Example",
            email="noreply@receiver.example",
            report_id="r-1",
            begin=BEGIN,
            end=END,
            policy=PolicyPublished("example.com", p="reject"),
        ),
        rows=(
            AggregateRow(
                position=1,
                source_ip=ip_address("192.0.2.1"),
                count=2,
                disposition="none",
                dkim="pass",
                spf="fail",
                header_from="example.com",
                envelope_from="bounce.example",
                envelope_to=None,
                dkim_results=(DkimResult("example.com", "s1", "pass"),),
                spf_results=(SpfResult("bounce.example", "mfrom", "fail"),),
            ),
        ),
        rejected=(),
        repairs=(),
        rows_hash=report.rows_hash,
    )


@pytest.mark.parametrize(
    ("sent", "address", "is_rewritten"),
    [
        ("192.0.2.9", "192.0.2.9", False),
        (" 192.0.2.9\n", "192.0.2.9", False),
        ("2001:DB8:0::1", "2001:db8::1", False),
        ("[192.0.2.9]", "192.0.2.9", True),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("IPv6:2001:db8::1", "2001:db8::1", True),
        ("::ffff:192.0.2.9", "192.0.2.9", True),
        ("192.0.2.9/32", "192.0.2.9", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("192.0.2.9 (host.example)", "192.0.2.9", True),
        ("host.example [192.0.2.9]", "192.0.2.9", True),
        ("host.example (192.0.2.9)", "192.0.2.9", True),
        ("beef.example [2001:db8::1]", "2001:db8::1", True),
        ("(192.0.2.9)", "192.0.2.9", True),
        ('"192.0.2.9"', "192.0.2.9", True),
        ("192.0.2.9:25", "192.0.2.9", True),
        ("[192.0.2.9]:25", "192.0.2.9", True),
        ("[2001:db8::1]:25", "2001:db8::1", True),
        ("2001:db8::1:25", "2001:db8::1:25", False),
        ("192.0.2.9.", "192.0.2.9", True),
        ("192.0.2.9/24", "192.0.2.9", True),
        ("2001:db8::1/64", "2001:db8::1", True),
    ],
)
def test_a_source_address_in_any_guise(sent: str, address: str, *, is_rewritten: bool) -> None:
    row, repairs = _row(record_xml(source_ip=f"<source_ip>{sent}</source_ip>"))
    assert row.source_ip == ip_address(address)
    assert repairs == ([(RepairCode.ADDRESS_REWRITTEN, "row/source_ip", sent)] if is_rewritten else [])


@pytest.mark.parametrize(
    ("sent", "count", "is_rewritten"),
    [
        ("0", 0, False),
        (" 7 ", 7, False),
        ("1.0", 1, True),
        ("1,234", 1234, True),
        ("+5", 5, True),
        (str(2**53), 2**53, False),
    ],
)
def test_a_count_in_any_guise(sent: str, count: int, *, is_rewritten: bool) -> None:
    row, repairs = _row(record_xml(count=f"<count>{sent}</count>"))
    assert row.count == count
    assert repairs == ([(RepairCode.COUNT_REWRITTEN, "row/count", sent)] if is_rewritten else [])


def test_missing_verdicts_are_no_verdicts() -> None:
    row, repairs = _row(record_xml(evaluated=""))
    assert (row.disposition, row.dkim, row.spf, row.is_aligned) == ("", "", "", False)
    places = [f"policy_evaluated/{name}" for name in ("disposition", "dkim", "spf")]
    assert repairs == [(RepairCode.VERDICT_MISSING, place, "") for place in places]


def test_verdicts_in_other_words_are_rewritten_and_said_so() -> None:
    row, repairs = _row(record_xml(evaluated="<disposition>None</disposition><dkim>Pass</dkim><spf>softfail</spf>"))
    assert (row.disposition, row.dkim, row.spf, row.is_aligned) == ("none", "pass", "fail", True)
    assert repairs == [
        (RepairCode.WORD_REWRITTEN, "policy_evaluated/disposition", "None"),
        (RepairCode.WORD_REWRITTEN, "policy_evaluated/dkim", "Pass"),
        (RepairCode.VERDICT_REWRITTEN, "policy_evaluated/spf", "softfail"),
    ]


def test_the_disposition_pass_of_rfc_9990_is_no_deviation() -> None:
    row, repairs = _row(record_xml(evaluated="<disposition>pass</disposition><dkim>pass</dkim><spf>pass</spf>"))
    assert (row.disposition, repairs) == ("pass", [])


def test_hardfail_is_fail_and_unknown_words_stay() -> None:
    row, repairs = _row(
        record_xml(
            results="<spf><domain>a.example</domain><result>hardfail</result></spf>"
            "<dkim><domain>b.example</domain><result>Invalid</result></dkim>"
        )
    )
    assert row.spf_results == (SpfResult("a.example", "", "fail"),)
    assert row.dkim_results == (DkimResult("b.example", "", "invalid"),)
    assert repairs == [
        (RepairCode.WORD_UNKNOWN, "auth_results/dkim/result", "Invalid"),
        (RepairCode.WORD_REWRITTEN, "auth_results/spf/result", "hardfail"),
    ]


def test_all_results_are_kept_in_any_order_and_number() -> None:
    row, repairs = _row(
        record_xml(
            results="<spf><domain>a.example</domain><scope>helo</scope><result>pass</result></spf>"
            "<dkim><domain>b.example</domain><selector>x</selector><result>pass</result><human_result>ok</human_result></dkim>"
            "<spf><domain>c.example</domain><scope>mfrom</scope><result>none</result></spf>"
            "<dkim><domain>d.example</domain><result>fail</result></dkim>"
        )
    )
    assert row.spf_results == (SpfResult("a.example", "helo", "pass"), SpfResult("c.example", "mfrom", "none"))
    assert row.dkim_results == (DkimResult("b.example", "x", "pass", "ok"), DkimResult("d.example", "", "fail"))
    assert repairs == []


def test_two_results_in_one_element_come_apart() -> None:
    row, _ = _row(
        record_xml(
            results="<dkim><domain>a.example</domain><result>pass</result><domain>b.example</domain><result>fail</result></dkim>"
        )
    )
    assert row.dkim_results == (DkimResult("a.example", "", "pass"), DkimResult("b.example", "", "fail"))


def test_empty_results_and_reasons_are_left_out_and_said_so() -> None:
    row, repairs = _row(
        record_xml(
            evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf><reason><type/><comment/></reason>",
            results="<dkim/><spf><domain/><result/></spf>",
        )
    )
    assert (row.reasons, row.dkim_results, row.spf_results) == ((), (), ())
    places = ("policy_evaluated/reason", "auth_results/dkim", "auth_results/spf")
    assert repairs == [(RepairCode.EMPTY_DROPPED, place, "") for place in places]


def test_results_without_element_auth_results_at_all() -> None:
    row, repairs = _row(
        record_xml().replace("<auth_results>", "").replace("</auth_results>", "").partition("<dkim><domain>")[0]
        + "</record>"
    )
    assert (row.dkim_results, row.spf_results, repairs) == ((), (), [])


def test_reasons_of_both_rfcs_and_bare_text() -> None:
    row, repairs = _row(
        record_xml(
            evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>"
            "<reason><type>forwarded</type></reason><reason><type>policy_test_mode</type><comment>t=y</comment></reason>"
            "<reason>mailing_list</reason><reason>because</reason>"
        )
    )
    assert row.reasons == (
        OverrideReason("forwarded"),
        OverrideReason("policy_test_mode", "t=y"),
        OverrideReason("mailing_list"),
        OverrideReason("", "because"),
    )
    assert repairs == [
        (RepairCode.REASON_REWRITTEN, "policy_evaluated/reason", "mailing_list"),
        (RepairCode.REASON_REWRITTEN, "policy_evaluated/reason", "because"),
    ]


@pytest.mark.parametrize(
    ("sent", "domain", "code"),
    [
        ("Example.COM", "example.com", None),
        ("example.com.", "example.com", RepairCode.DOMAIN_REWRITTEN),
        ("somebody@example.com", "example.com", RepairCode.DOMAIN_REWRITTEN),
        ("Bücher.example", "xn--bcher-kva.example", RepairCode.DOMAIN_REWRITTEN),
        (".example.com", "example.com", RepairCode.DOMAIN_REWRITTEN),
        ("mail.example.com, example.org", "mail.example.com", RepairCode.DOMAIN_REWRITTEN),
        ("not a domain", "not a domain", RepairCode.DOMAIN_INVALID),
        ("no domain, example.org", "no domain, example.org", RepairCode.DOMAIN_INVALID),
        ("", "example.com", RepairCode.HEADER_FROM_ASSUMED),
    ],
)
def test_a_from_domain_in_any_guise(sent: str, domain: str, code: RepairCode | None) -> None:
    row, repairs = _row(record_xml(identifiers=f"<header_from>{sent}</header_from>"))
    assert row.header_from == domain
    assert [repair[0] for repair in repairs] == ([code] if code else [])


@pytest.mark.parametrize(
    ("identifiers", "envelope_from"),
    [
        ("", None),
        ("<envelope_from/>", ""),
        ("<envelope_from>&lt;&gt;</envelope_from>", ""),
        ("<envelope_from>a@b.example</envelope_from>", "b.example"),
    ],
)
def test_a_missing_and_an_empty_envelope_sender_differ(identifiers: str, envelope_from: str | None) -> None:
    row, _ = _row(record_xml(identifiers="<header_from>example.com</header_from>" + identifiers))
    assert row.envelope_from == envelope_from


def test_the_old_element_identities_is_understood() -> None:
    row, repairs = _row(record_xml().replace("identifiers>", "identities>"))
    assert (row.header_from, row.envelope_from) == ("example.com", "bounce.example")
    assert repairs == [(RepairCode.OLD_SHAPE, "identities", "")]


def test_extensions_of_a_record_do_not_mix_with_it() -> None:
    foreign = '<x:note xmlns:x="urn:example"><x:domain>evil.example</x:domain><x:count>99</x:count></x:note>'
    own = "<note><domain>evil.example</domain><result>pass</result></note>"
    row, repairs = _row(record_xml(after=foreign + own))
    assert row == _row(record_xml())[0]
    assert repairs == [(RepairCode.UNKNOWN_ELEMENT, "record", own)]


def test_the_word_null_is_no_domain() -> None:
    row, repairs = _row(record_xml(results="<spf><domain>NULL</domain><scope>helo</scope><result>none</result></spf>"))
    assert [(each.domain, each.scope) for each in row.spf_results] == [("", "helo")]
    assert repairs == [(RepairCode.EMPTY_DROPPED, "auth_results/spf/domain", "NULL")]


def test_several_reasons_within_one_element_come_apart() -> None:
    reasons = "<reason><type>other</type><comment>a</comment><type>forwarded</type><comment>b</comment></reason>"
    row, _ = _row(record_xml(evaluated=f"<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>{reasons}"))
    assert [tuple(each) for each in row.reasons] == [("other", "a"), ("forwarded", "b")]


def test_a_long_text_is_cut_and_said_so() -> None:
    row, repairs = _row(
        record_xml(
            results=f"<dkim><domain>a.example</domain><result>pass</result><human_result>{'x' * 900}</human_result></dkim>"
        )
    )
    assert row.dkim_results[0].human_result == "x" * 500
    assert [repair[:2] for repair in repairs] == [(RepairCode.TEXT_CUT, "auth_results/dkim/human_result")]


def test_equal_repairs_are_counted_once_with_the_first_place() -> None:
    bad = record_xml(count="<count>1.0</count>")
    (repair,) = _read(record_xml(), *[bad] * 50).repairs
    assert (repair.code, repair.place, repair.sent, repair.times) == (
        RepairCode.COUNT_REWRITTEN,
        "record[2]/row/count",
        "1.0",
        50,
    )


def test_distinct_repairs_are_bounded() -> None:
    report = _read(*[record_xml(count=f"<count>{n}.0</count>") for n in range(300)])
    assert len(report.repairs) == 201
    assert (report.repairs[-1].code, report.repairs[-1].times) == (RepairCode.MORE_REPAIRS, 100)
    assert len(report.rows) == 300


def test_equal_rows_are_never_merged() -> None:
    assert _read(record_xml(), record_xml()).messages == 4
