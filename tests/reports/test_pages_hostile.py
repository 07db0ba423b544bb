"""A hostile string in every field of a report stays a string on every page that shows it."""

from __future__ import annotations

from html import escape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reports.ingest.places.secrets import sealed_secret
from reports.models import FailureReport, Mailbox, Node
from reports.vocabulary import Role
from tests.reports.pages import HOSTILE, assert_inert, logged_in
from tests.reports.samples import FEEDBACK, SAMPLE, aggregate_xml, failure_mail, record_xml
from tests.reports.stored import make_organisation, upload

pytestmark = pytest.mark.django_db
E = escape(HOSTILE)
METADATA = (
    f"<report_metadata><org_name>{E}</org_name><email>{E}</email><extra_contact_info>{E}</extra_contact_info>"
    f"<report_id>{E}</report_id><error>{E}</error><generator>{E}</generator>"
    "<date_range><begin>1700000000</begin><end>1700086399</end></date_range></report_metadata>"
)
POLICY = "<policy_published><domain>example.com</domain>" + "".join(
    f"<{tag}>{E}</{tag}>" for tag in ("p", "sp", "np", "adkim", "aspf", "fo", "pct", "testing", "discovery_method")
) + "</policy_published>"  # fmt: skip
RECORD = record_xml(
    evaluated=f"<disposition>{E}</disposition><dkim>{E}</dkim><spf>{E}</spf><reason><type>{E}</type><comment>{E}</comment></reason>",
    identifiers=f"<header_from>{E}</header_from><envelope_from>{E}</envelope_from><envelope_to>{E}</envelope_to>",
    results=f"<dkim><domain>{E}</domain><selector>{E}</selector><result>{E}</result><human_result>{E}</human_result></dkim>"
    f"<spf><domain>{E}</domain><scope>{E}</scope><result>{E}</result><human_result>{E}</human_result></spf>",
)
XML = aggregate_xml(
    RECORD, record_xml(source_ip=f"<source_ip>{E}</source_ip>"), metadata=METADATA, policy=POLICY
).encode()


def test_no_field_of_an_aggregate_report_becomes_markup() -> None:
    ours = make_organisation("ours")
    result = upload(XML, organisation=ours, filename=f"{HOSTILE}.xml")
    client = logged_in(ours, Role.ADMINISTRATOR)
    for address in (
        "/reports/", f"/reports/{result.reports[0].pk}/?records=all", "/ingestion/", f"/ingestion/messages/{result.message_id}/",
    ):  # fmt: skip
        assert_inert(client.get(address))


def test_no_field_of_a_failure_report_becomes_markup_even_when_revealed() -> None:
    ours = make_organisation("ours")
    feedback = "".join(
        f"{line.partition(': ')[0]}: {HOSTILE}\n"
        if line.startswith(("User-Agent", "Delivery", "SPF-DNS", "Original-Env", "Auth-F"))
        else f"{line}\n"
        for line in FEEDBACK.splitlines()
    )
    sample = SAMPLE.replace("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", HOSTILE).replace(
        "From: Somebody", f"X-{HOSTILE[3:9]}: {HOSTILE}\nFrom: Somebody"
    )
    upload(failure_mail(feedback=feedback, sample=sample), organisation=ours)
    client = logged_in(ours, Role.APPROVER)
    one = FailureReport.objects.get()
    page = client.post(f"/failures/{one.pk}/reveal/", {"reason": f"{HOSTILE} is odd"}, follow=True)
    assert_inert(page)
    assert client.get("/failures/").status_code == 200


def test_no_setting_of_a_mailbox_and_no_word_of_a_node_or_a_server_becomes_markup() -> None:
    ours = make_organisation("ours")
    mailbox = Mailbox.objects.create(
        organisation=ours, name=HOSTILE, secret=sealed_secret("x"),
        settings={"host": HOSTILE, "username": HOSTILE, "folder": HOSTILE, "port": 993},
        failures=1, error_code=HOSTILE[:40], error_detail=HOSTILE,
    )  # fmt: skip
    Node.objects.create(
        organisation=ours, name=HOSTILE, slug="n", token_sha256=b"1" * 32, error_code=HOSTILE[:60],
        filter_version=HOSTILE, agent_version=HOSTILE[:40],
    )  # fmt: skip
    client = logged_in(ours, Role.ADMINISTRATOR)
    for address in ("/ingestion/", f"/ingestion/mailboxes/{mailbox.pk}/", f"/ingestion/mailboxes/{mailbox.pk}/delete/"):
        assert_inert(client.get(address))


def test_no_file_name_and_no_query_becomes_markup() -> None:
    client = logged_in(make_organisation("ours"), Role.ADMINISTRATOR)
    name = HOSTILE.replace("/", "")
    answer = client.post("/upload/", {"file": SimpleUploadedFile(name, XML), "is_dry_run": "on"})
    assert b"<script>alert" not in answer.content
    assert_inert(answer)
    for address in ("/reports/", "/failures/", "/ingestion/"):
        page = client.get(
            address, {"reporter": HOSTILE, "q": HOSTILE, "source": HOSTILE, HOSTILE: HOSTILE, "sort": HOSTILE}
        )
        assert b"<script>alert" not in page.content
        assert b"<img" not in page.content
