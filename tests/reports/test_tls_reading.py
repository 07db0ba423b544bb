from __future__ import annotations

import gzip
import html
import json
import re
import time
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from reports.dto import MailFacts, Payload, Repair, TlsFailure, TlsReport
from reports.errors import Unreadable
from reports.ingest.outcome import Kept, conclude
from reports.ingest.read import read as read_bytes
from reports.ingest.reading.dispatch import read
from reports.vocabulary import Kind, Outcome, Reason, RepairCode

POLICY: dict[str, Any] = {
    "policy": {
        "policy-type": "sts",
        "policy-string": ["version: STSv1", "mode: testing"],
        "policy-domain": "example.com",
        "mx-host": ["*.mail.example.com"],
    },
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [
        {
            "result-type": "certificate-expired",
            "sending-mta-ip": "2001:db8::1",
            "receiving-mx-hostname": "mx1.mail.example.com",
            "failed-session-count": 100,
        },
        {
            "result-type": "starttls-not-supported",
            "sending-mta-ip": "192.0.2.1",
            "receiving-mx-hostname": "mx2.mail.example.com",
            "receiving-mx-helo": "mx2",
            "receiving-ip": "203.0.113.56",
            "failed-session-count": 200,
            "additional-information": "https://reports.example.net/info",
            "failure-reason-code": "gone",
        },
    ],
}
WHOLE: dict[str, Any] = {
    "organization-name": "Receiver",
    "date-range": {"start-datetime": "2023-11-14T22:13:20Z", "end-datetime": "2023-11-15T22:13:19Z"},
    "contact-info": "tls@example.net",
    "report-id": "t-1",
    "policies": [POLICY],
}
MAIL = MailFacts("Report Domain: example.com Submitter: example.net Report-ID: <t-9>")


def _read(report: object, *, mail: MailFacts | None = None, filename: str = "") -> TlsReport:
    data = report if isinstance(report, bytes) else json.dumps(report).encode()
    content = read(Payload(Kind.TLS, 0, data, filename, mail=mail or MailFacts()))
    assert isinstance(content, TlsReport)
    return content


def _policy(**changes: object) -> dict[str, Any]:
    """WHOLE with these keys of its policy's parts changed, as part__key."""
    policy = json.loads(json.dumps(POLICY))
    for name, value in changes.items():
        part, _, key = name.partition("__")
        if key:
            policy[part][key.replace("_", "-")] = value
        else:
            policy[part.replace("_", "-")] = value
    return WHOLE | {"policies": [policy]}


def _codes(report: TlsReport) -> list[str]:
    return [repair.code for repair in report.repairs]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"[" * 100_000, Reason.NOT_JSON),
        (b'{"policies":' + b'{"a":' * 100_000, Reason.NOT_JSON),
        (b"[]", Reason.OTHER_JSON),
        (b"{}", Reason.OTHER_JSON),
        (b'{"organization-name": "A shop", "articles": []}', Reason.OTHER_JSON),
        (b'{"policies": []}', Reason.NO_PERIOD),
        (b" " * ((8 << 20) + 1), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_tls_report_is_refused(data: bytes, code: Reason) -> None:
    with pytest.raises(Unreadable) as caught:
        _read(data)
    assert caught.value.code == code


def test_a_report_as_the_rfc_has_it_is_read_whole_and_without_repairs() -> None:
    report = _read(WHOLE)
    assert (report.org_name, report.report_id, report.contact_info) == ("Receiver", "t-1", "tls@example.net")
    assert (report.begin, report.end, report.domains, report.repairs) == (1700000000, 1700086399, ("example.com",), ())
    (policy,) = report.policies
    assert (policy.position, policy.policy_type, policy.policy_domain) == (1, "sts", "example.com")
    assert (policy.policy_string, policy.mx_host) == (("version: STSv1", "mode: testing"), ("*.mail.example.com",))
    assert (policy.total_successful_session_count, policy.total_failure_session_count) == (5326, 303)
    assert policy.failures == (
        TlsFailure("certificate-expired", 100, ip_address("2001:db8::1"), "mx1.mail.example.com"),
        TlsFailure(
            "starttls-not-supported", 200, ip_address("192.0.2.1"), "mx2.mail.example.com", "mx2",
            ip_address("203.0.113.56"), "https://reports.example.net/info", "gone",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "hosts", "code"),
    [
        ("mx-host", "mx.example.com", ("mx.example.com",), RepairCode.LIST_ASSUMED),
        ("mx-host-pattern", ["mx.example.com"], ("mx.example.com",), RepairCode.KEY_REWRITTEN),
        ("mx-host", None, (), None),
        ("mx-host", [], (), None),
    ],
)
def test_mx_hosts_come_as_text_or_list_and_under_two_names(
    key: str, value: object, hosts: tuple[str, ...], code: str | None
) -> None:
    policy = {name: each for name, each in POLICY["policy"].items() if name != "mx-host"} | {key: value}
    report = _read(_policy(policy=policy))
    assert report.policies[0].mx_host == hosts
    assert _codes(report) == ([code] if code else [])


@pytest.mark.parametrize(
    ("sent", "count", "code"),
    [
        ("17", 17, RepairCode.SESSIONS_REWRITTEN),
        (17.0, 17, RepairCode.SESSIONS_REWRITTEN),
        ("1,234", 1234, RepairCode.SESSIONS_REWRITTEN),
        ("1e3", 1000, RepairCode.SESSIONS_REWRITTEN),
        (None, 0, RepairCode.SESSIONS_ASSUMED),
        (0, 0, None),
    ],
)
def test_numbers_of_sessions_of_other_types_are_read_as_what_they_mean(
    sent: object, count: int, code: str | None
) -> None:
    report = _read(_policy(summary__total_successful_session_count=sent))
    assert report.policies[0].total_successful_session_count == count
    assert _codes(report) == ([code] if code else [])


@pytest.mark.parametrize("sent", [-1, "many", 2**53 + 1, "9" * 5000, True, [3], 1.5, {"a": 1}])
def test_a_policy_without_usable_sessions_is_kept_as_rejected_beside_its_siblings(sent: object) -> None:
    broken = _policy(summary__total_failure_session_count=sent)["policies"][0]
    report = _read(WHOLE | {"policies": [broken, POLICY]})
    assert [policy.position for policy in report.policies] == [2]
    assert [(each.position, each.code) for each in report.rejected] == [(1, Reason.BAD_SESSIONS)]
    assert report.rejected[0].text.startswith('{"policy": {"policy-type": "sts"')
    assert len(report.rejected[0].text) <= 2000


def test_a_number_of_ten_thousand_digits_costs_its_policy_only() -> None:
    data = json.dumps(WHOLE).encode().replace(b"303", b"3" * 10_000)
    report = _read(data)
    assert [each.code for each in report.rejected] == [Reason.BAD_SESSIONS]


def test_nan_is_taken_for_null() -> None:
    report = _read(json.dumps(WHOLE).encode().replace(b"5326", b"NaN"))
    assert _codes(report) == [RepairCode.NO_JSON_NUMBER, RepairCode.SESSIONS_ASSUMED]


@pytest.mark.parametrize("entry", [None, {}, 3, "x", [], {"policy": 3}])
def test_a_policy_without_content_is_rejected_with_its_text(entry: object) -> None:
    report = _read(WHOLE | {"policies": [entry, POLICY]})
    assert [(each.position, each.code) for each in report.rejected] == [(1, Reason.POLICY_WITHOUT_CONTENT)]
    assert len(report.policies) == 1


@pytest.mark.parametrize(
    ("policies", "codes"),
    [
        (None, [RepairCode.LIST_ASSUMED, RepairCode.NO_POLICIES]),
        ({}, [RepairCode.LIST_ASSUMED, RepairCode.NO_POLICIES]),
        ([], [RepairCode.NO_POLICIES]),
    ],
)
def test_a_report_without_policies_is_one_without_sessions(policies: object, codes: list[str]) -> None:
    report = _read(WHOLE | {"policies": policies}, mail=MAIL)
    assert (report.policies, report.rejected, report.domains, _codes(report)) == ((), (), ("example.com",), codes)


def test_one_policy_instead_of_a_list_is_read_as_a_list() -> None:
    report = _read(WHOLE | {"policies": POLICY})
    assert (len(report.policies), _codes(report)) == (1, [RepairCode.LIST_ASSUMED])


@pytest.mark.parametrize(
    ("sent", "read_as", "code"),
    [
        ("TLSA", "tlsa", RepairCode.WORD_REWRITTEN),
        ("no_policy_found", "no-policy-found", RepairCode.WORD_REWRITTEN),
        ("dnssec+", "dnssec+", RepairCode.WORD_UNKNOWN),
        ("x" * 900, "x" * 60, RepairCode.WORD_UNKNOWN),
    ],
)
def test_policy_types_in_capitals_or_unknown_are_kept(sent: str, read_as: str, code: str) -> None:
    report = _read(_policy(policy__policy_type=sent))
    assert (report.policies[0].policy_type, _codes(report)) == (read_as, [code])


def test_an_unknown_result_type_passes_through() -> None:
    report = _read(_policy(failure_details=[{"result-type": "moon-phase", "failed-session-count": 2}]))
    assert report.policies[0].failures == (TlsFailure("moon-phase", 2),)
    assert report.repairs == (Repair(RepairCode.WORD_UNKNOWN, "policies[1]/result-type", "moon-phase"),)


@pytest.mark.parametrize(
    ("details", "count", "codes"),
    [
        (None, 0, []),
        ([], 0, []),
        ({"result-type": "tlsa-invalid", "failed-session-count": 3}, 1, [RepairCode.LIST_ASSUMED]),
        ([{"result-type": "tlsa-invalid", "failed-session-count": -3}], 1, [RepairCode.SESSIONS_INVALID]),
    ],
)
def test_failure_details_of_other_types(details: object, count: int, codes: list[str]) -> None:
    report = _read(_policy(failure_details=details))
    assert (len(report.policies[0].failures), _codes(report)) == (count, codes)


@pytest.mark.parametrize(
    ("sent", "address", "codes"),
    [
        ("", None, [RepairCode.MTA_ADDRESS_INVALID]),
        (None, None, []),
        ("mail.example.com", None, [RepairCode.MTA_ADDRESS_INVALID]),
        ("[192.0.2.7]", "192.0.2.7", [RepairCode.MTA_ADDRESS_REWRITTEN]),
    ],
)
def test_addresses_that_are_none_cost_no_detail(sent: object, address: str | None, codes: list[str]) -> None:
    details = [{"result-type": "tlsa-invalid", "failed-session-count": 3, "sending-mta-ip": sent}]
    report = _read(_policy(failure_details=details))
    assert report.policies[0].failures[0].sending_mta_ip == (ip_address(address) if address else None)
    assert _codes(report) == codes


@pytest.mark.parametrize(
    ("mail", "filename", "domain", "code"),
    [
        (MAIL, "", "example.com", RepairCode.POLICY_DOMAIN_ASSUMED),
        (None, "example.net!example.com!1700000000!1700086399!7.json.gz", "example.com", RepairCode.POLICY_DOMAIN_ASSUMED),
        (None, "", "", RepairCode.POLICY_DOMAIN_MISSING),
    ],
)  # fmt: skip
def test_a_missing_policy_domain_is_taken_from_mail_or_file_name(
    mail: MailFacts | None, filename: str, domain: str, code: str
) -> None:
    report = _read(_policy(policy={"policy-type": "no-policy-found"}), mail=mail, filename=filename)
    assert (report.policies[0].policy_domain, _codes(report)) == (domain, [code])


@pytest.mark.parametrize(
    ("contact", "read_as", "codes"),
    [
        (None, "", [RepairCode.CONTACT_INFO_MISSING]),
        (["a@example.net", "b@example.net"], "a@example.net, b@example.net", []),
        ("", "", [RepairCode.CONTACT_INFO_MISSING]),
    ],
)
def test_contact_info_is_null_or_a_list(contact: object, read_as: str, codes: list[str]) -> None:
    report = _read(WHOLE | {"contact-info": contact})
    assert (report.contact_info, _codes(report)) == (read_as, codes)


@pytest.mark.parametrize(
    ("begin", "codes"),
    [
        ("2023-11-14T22:13:20Z", []),
        ("2023-11-14T22:13:20+00:00", []),
        ("2023-11-14 22:13:20", [RepairCode.DATE_REWRITTEN]),
        ("2023-11-15T07:13:20+09:00", [RepairCode.DATE_REWRITTEN]),
        (1700000000, [RepairCode.DATE_REWRITTEN]),
        ("Tue, 14 Nov 2023 22:13:20 +0000", [RepairCode.DATE_REWRITTEN]),
        ("2023-11-14t22:13:20z", [RepairCode.DATE_REWRITTEN]),
        ("2023-11-14T22:13:20.123456789Z", []),
        ("2023/11/14 22:13:20", [RepairCode.DATE_REWRITTEN]),
        ("2023-11-14T17:13:20-0500", [RepairCode.DATE_REWRITTEN]),
    ],
)
def test_times_in_other_forms_are_converted(begin: object, codes: list[str]) -> None:
    report = _read(WHOLE | {"date-range": WHOLE["date-range"] | {"start-datetime": begin}})
    assert (report.begin, _codes(report)) == (1700000000, codes)


@pytest.mark.parametrize(
    "end", ["2023-11-14T24:00:00Z", "2023-11-14T23:59:60Z", "2023-11-14T24:00Z", "2023-11-15T00:00:00Z"]
)
def test_a_day_ends_where_the_next_one_begins(end: str) -> None:
    assert _read(WHOLE | {"date-range": WHOLE["date-range"] | {"end-datetime": end}}).end == 1700006400


def test_the_ends_of_the_period_may_stand_in_the_report_itself() -> None:
    report = {key: value for key, value in WHOLE.items() if key != "date-range"} | WHOLE["date-range"]
    assert (_read(report).begin, _read(report).end) == (1700000000, 1700086399)


@pytest.mark.parametrize("part", ["policy", "summary"])
def test_failure_details_may_stand_within_another_part(part: str) -> None:
    policy = {"policy": POLICY["policy"], "summary": POLICY["summary"]}
    policy[part] = policy[part] | {"failure-details": POLICY["failure-details"]}
    assert _read(WHOLE | {"policies": [policy]}).policies == _read(WHOLE).policies


def test_a_policy_as_its_file_has_it_is_read_line_by_line() -> None:
    report = _read(_policy(policy__policy_string="version: STSv1\r\nmode: testing\n"))
    assert report.policies[0].policy_string == ("version: STSv1", "mode: testing")
    assert _codes(report) == [RepairCode.LIST_ASSUMED]


def test_a_period_that_is_missing_is_taken_from_file_name_other_end_or_mail() -> None:
    name = "example.net!example.com!1700000000!1700086399.json"
    assert (_read(WHOLE | {"date-range": None}, filename=name).begin) == 1700000000
    assert _read(WHOLE | {"date-range": {"end-datetime": "2023-11-14T22:13:20Z"}}).begin == 1700000000
    mail = MailFacts(sent="Tue, 14 Nov 2023 22:13:20 +0000")
    assert _read({"policies": [POLICY]}, mail=mail).end == 1700000000
    swapped = {"end-datetime": "2023-11-14T22:13:20Z", "start-datetime": "2023-11-15T22:13:19Z"}
    report = _read(WHOLE | {"date-range": swapped})
    assert (report.begin, report.end, _codes(report)) == (1700000000, 1700086399, [RepairCode.PERIOD_SWAPPED])


@pytest.mark.parametrize(
    ("encode", "codes"),
    [
        (lambda text: text.encode("utf-8-sig"), [RepairCode.JSON_ENCODING]),
        (lambda text: text.encode("utf-16"), [RepairCode.JSON_ENCODING]),
        (lambda text: text.encode("utf-16-be"), [RepairCode.JSON_ENCODING]),
        (lambda text: text.replace("Receiver", "Büro").encode("cp1252"), [RepairCode.JSON_ENCODING]),
        (lambda text: f"\n\n {text}\0\0".encode(), []),
        (lambda text: f"{text}\n-- \nsent by".encode(), [RepairCode.TEXT_AFTER_JSON]),
        (lambda text: text.replace('"report-id": "t-1"', '"report-id": "t-1", "report-id": "t-2"').encode(), [RepairCode.REPEATED_KEY]),
        (lambda text: text.replace("report-id", "Report_ID").encode(), [RepairCode.KEY_REWRITTEN]),
    ],
)  # fmt: skip
def test_the_json_text_survives_what_was_done_to_it(encode: Any, codes: list[str]) -> None:
    report = _read(encode(json.dumps(WHOLE, ensure_ascii=False)))
    assert (report.report_id, len(report.policies), _codes(report)) == ("t-1", 1, codes)


TEXT = json.dumps(WHOLE)
OTHER = TEXT.replace("t-1", "t-2")


@pytest.mark.parametrize(
    ("data", "ids", "codes"),
    [
        (TEXT + TEXT, ["t-1"], ["text_after_json"]),
        (TEXT + "\n" + OTHER, ["t-1", "t-2"], []),
        (f"[{TEXT}]", ["t-1"], []),
        (f"[{TEXT}, {OTHER}]", ["t-1", "t-2"], []),
        (TEXT + "\n-- \na footer", ["t-1"], ["text_after_json"]),
        (f'{{"report": {TEXT}}}', ["t-1"], []),
        (f"callback({TEXT});", ["t-1"], ["in_body_text", "text_after_json"]),
        (f"Here it is:\n\n{TEXT}\n", ["t-1"], ["in_body_text"]),
        (f"<html><pre>{html.escape(TEXT)}</pre></html>", ["t-1"], ["escaped_xml"]),
        (TEXT.replace("}]", "},]"), ["t-1"], ["stray_comma"]),
        (TEXT[:-1] + ', "note": "a brace } and a comma ,] within a text",}', ["t-1"], ["stray_comma"]),
        (TEXT.replace("organization-name", "organizationName").replace("policy-type", "policyType"), ["t-1"], ["key_rewritten"]),
    ],
)  # fmt: skip
def test_reports_are_found_in_whatever_json_stands_in(data: str, ids: list[str], codes: list[str]) -> None:
    reading = read_bytes(data.encode())
    contents = [report.content for report in reading.reports]
    assert reading.problems == ()
    assert [each.report_id for each in contents if isinstance(each, TlsReport)] == ids
    assert [list(dict.fromkeys(_codes(each))) for each in contents if isinstance(each, TlsReport)] == [codes] * len(ids)
    assert {each.policies for each in contents if isinstance(each, TlsReport)} == {_read(WHOLE).policies}


def test_a_gzip_of_two_members_is_one_report() -> None:
    data = TEXT.encode()
    assert len(read_bytes(gzip.compress(data[:99]) + gzip.compress(data[99:])).reports) == 1
    assert len(read_bytes(gzip.compress(data) * 2).reports) == 1


def test_of_a_report_that_breaks_off_whole_policies_are_read_and_the_message_is_partial() -> None:
    two = json.dumps({**WHOLE, "policies": [POLICY, POLICY]})
    report = _read(two[:-40].encode())
    assert (len(report.policies), _codes(report)) == (1, ["json_truncated"])
    assert report.policies[0].total_failure_session_count == 303
    reading = read_bytes(two[:-40].encode())
    ending = conclude(reading, [Kept(is_new=True)])
    assert (ending.outcome, ending.reason) == (Outcome.PARTIAL, Reason.REPORT_TRUNCATED)
    with pytest.raises(Unreadable) as refused:
        _read(TEXT[:-40].encode())
    assert refused.value.code == Reason.REPORT_TRUNCATED


def test_a_draft_with_one_policy_in_the_report_itself_is_read() -> None:
    draft = {name: value for name, value in WHOLE.items() if name != "policies"} | POLICY
    report = _read(draft)
    assert (report.policies, _codes(report)) == (_read(WHOLE).policies, ["list_assumed"])


def test_the_fields_of_its_mail_say_what_a_report_is_about_and_who_sends_it() -> None:
    mail = MailFacts("Report", report_domain="Example.NET", report_submitter="mx.example.org")
    report = _read({**_policy(policy__policy_domain=None), "organization-name": None}, mail=mail)
    assert (report.report_domain, report.domains, report.org_name) == (
        "example.net",
        ("example.net",),
        "mx.example.org",
    )


def test_texts_that_no_database_holds_are_mended_and_long_ones_cut() -> None:
    report = _read(WHOLE | {"organization-name": "a\0b\ud800c", "report-id": "i" * 9000})
    assert (report.org_name, len(report.report_id), _codes(report)) == ("a\ufffdb\ufffdc", 500, [RepairCode.TEXT_CUT])


def test_policies_and_details_are_bounded() -> None:
    report = _read(WHOLE | {"policies": [POLICY] * 501})
    assert (len(report.policies), _codes(report)) == (500, [RepairCode.BEYOND_LIMIT])
    detail = {"result-type": "tlsa-invalid", "failed-session-count": 1}
    report = _read(WHOLE | {"policies": [POLICY | {"failure-details": [detail] * 6000}, POLICY]})
    assert [len(policy.failures) for policy in report.policies] == [5000, 0]


def test_what_is_missing_in_the_head_is_taken_from_the_mail() -> None:
    report = _read({"date-range": WHOLE["date-range"], "policies": [POLICY]}, mail=MAIL)
    assert (report.org_name, report.report_id) == ("example.net", "t-9")
    assert _codes(report) == [RepairCode.ORG_NAME_ASSUMED, RepairCode.CONTACT_INFO_MISSING]


def test_equal_policies_have_equal_hashes_and_others_have_not() -> None:
    assert _read(WHOLE).policies_hash == _read(WHOLE | {"contact-info": "x"}).policies_hash
    assert _read(WHOLE).policies_hash != _read(_policy(summary__total_failure_session_count=1)).policies_hash


def test_what_python_prints_is_read_and_said_so() -> None:
    sent = WHOLE | {"organization-name": 'O\'Neil "& Sons"\n\x01\\', "contact-info": None}
    found = read_bytes(repr(sent).encode())
    assert found.problems == ()
    report = found.reports[0].content
    assert isinstance(report, TlsReport)
    assert (report.org_name, report.contact_info) == (sent["organization-name"], "")
    assert report.policies == _read(WHOLE).policies
    assert [repair.code for repair in report.repairs] == [RepairCode.PYTHON_TEXT, RepairCode.CONTACT_INFO_MISSING]


@pytest.mark.parametrize(
    ("sent", "org_name"),
    [
        ("'a\\x41b'", "aAb"),
        ("'a\\'b'", "a'b"),
        ("'a\\u0041'", "aA"),
        ("'None'", "None"),
        ("True", "true"),
        ('"it\'s"', "it's"),
    ],
)
def test_texts_in_the_quotes_of_python(sent: str, org_name: str) -> None:
    assert _read(repr(WHOLE).replace("'Receiver'", sent).encode()).org_name == org_name


@pytest.mark.parametrize("quote", ['"', "'"])
def test_texts_that_never_end_take_no_longer_than_their_length(quote: str) -> None:
    start = time.perf_counter()
    with pytest.raises(Unreadable) as caught:
        _read(f"{{'organization-name': {quote}".encode() + f"\\{quote}".encode() * 200_000 + b"\\")
    assert caught.value.code == Reason.NOT_JSON
    assert time.perf_counter() - start < 5


def test_keys_with_underscores_are_no_output_of_parsedmarc() -> None:
    text = re.sub('"[a-z-]+":', lambda key: key[0].replace("-", "_"), json.dumps(WHOLE))
    report = read_bytes(text.encode()).reports[0].content
    assert isinstance(report, TlsReport)
    assert replace(report, repairs=()) == _read(WHOLE)
    assert set(_codes(report)) == {RepairCode.KEY_REWRITTEN}


def test_counts_beside_the_policy_instead_of_in_a_summary() -> None:
    flat = POLICY["policy"] | POLICY["summary"] | {"failure-details": POLICY["failure-details"]}
    assert _read(WHOLE | {"policies": [flat]}).policies == _read(WHOLE).policies


def test_json_in_utf_32_without_a_mark() -> None:
    assert _read(json.dumps(WHOLE).encode("utf-32-le")).policies == _read(WHOLE).policies
