"""What of a failure report is shown to everybody: domains, and the ends of words."""

from __future__ import annotations

import pytest

from reports.masking import is_report_subject, mask_address, mask_subject, mask_text


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("alice.z@example.com", "a…z@example.com"),
        ("<alice@example.com>", "a…e@example.com"),
        ("ab@example.com", "…@example.com"),
        ("a@example.com", "…@example.com"),
        ("@example.com", "…@example.com"),
        ("no address", "n…s"),
        ("", "…"),
        ("bounce+alice=example.org@mail.example", "b…g@mail.example"),
    ],
)
def test_an_address_keeps_its_domain_alone(address: str, masked: str) -> None:
    assert mask_address(address) == masked


@pytest.mark.parametrize(
    ("subject", "masked"),
    [
        ("Invoice 4711", "In…ce 4…1"),
        ("Re: a", "R…: …"),
        ("請求書のお知らせ", "請求…らせ"),
        ("one two three four five six secret", "o…e t…o t…e f…r se…et"),
        ("", ""),
    ],
)
def test_a_subject_keeps_the_ends_of_its_words(subject: str, masked: str) -> None:
    assert mask_subject(subject) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "mx.example; spf=fail smtp.mailfrom=alice@mail.example; dkim=pass header.i=@example.com",
            "mx.example; spf=fail smtp.mailfrom=a…e@mail.example; dkim=pass header.i=@example.com",
        ),
        ("<sample-1@example.com>", "<s…1@example.com>"),
        ('to "john doe"@example.com', 'to "…"@example.com'),
        ("bounce+user=example.org@x.example", "b…g@x.example"),
        ("no address here", "no address here"),
    ],
)
def test_every_address_in_a_text_is_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_masking_takes_linear_time() -> None:
    assert mask_text("x" * 1_000_000) == "x" * 1_000_000
    assert mask_text("a." * 500_000 + "@example.com") == "a….@example.com"
    assert mask_text('"' * 1_000_000) == '"' * 1_000_000


@pytest.mark.parametrize(
    ("subject", "is_one"),
    [
        ("Report Domain: example.com Submitter: receiver.example Report-ID: <r-1>", True),
        ("Dmarc Aggregate Report Domain: {example.com}  Submitter: {Amazon SES}", True),
        ("Report domain: example.com Submitter: google.com", True),
        ("FW: Report domain: my secret", False),
        ("Overdue invoice", False),
        ("Report domain: my secret", False),
    ],
)
def test_only_the_subject_of_an_aggregate_report_is_known_to_name_nobody(subject: str, *, is_one: bool) -> None:
    assert is_report_subject(subject) is is_one
