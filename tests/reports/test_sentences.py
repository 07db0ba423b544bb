"""Every code has a sentence that says what it means and one that says what to do."""

from __future__ import annotations

import pytest

from reports.sentences.failures import alignment_sentence
from reports.sentences.mailboxes import explain_fault, step_words
from reports.sentences.reasons import explain
from reports.sentences.repairs import repair_sentence
from reports.vocabulary import MailboxFault, MailboxStep, Reason, RepairCode


@pytest.mark.parametrize("code", list(Reason))
def test_every_reason_says_what_it_means_and_what_to_do(code: Reason) -> None:
    words = explain(code)
    assert words.meaning not in ("", code)
    assert words.meaning.endswith(".")
    assert words.advice.endswith(".")
    assert "%(" not in words.meaning


@pytest.mark.parametrize("code", list(RepairCode))
def test_every_repair_has_its_sentence(code: RepairCode) -> None:
    assert repair_sentence(code) != code
    assert repair_sentence(code).endswith(".")


@pytest.mark.parametrize("code", list(MailboxFault))
def test_every_fault_of_a_mailbox_says_what_it_means_and_what_to_do(code: MailboxFault) -> None:
    words = explain_fault(code)
    assert words.meaning != code
    assert words.meaning.endswith(".")
    assert words.advice.endswith(".")


@pytest.mark.parametrize("step", list(MailboxStep))
def test_every_step_of_a_connection_has_its_name(step: MailboxStep) -> None:
    assert step_words(step) != step


def test_no_two_codes_say_the_same() -> None:
    assert len({repair_sentence(code) for code in RepairCode}) == len(RepairCode)
    assert len({explain(code).meaning for code in Reason}) == len(Reason)
    assert len({explain_fault(code).meaning for code in MailboxFault}) == len(MailboxFault)


def test_parameters_fill_the_sentence_and_bytes_are_read_as_mib() -> None:
    assert explain(Reason.TOO_LARGE, {"limit": str(512 << 20)}).meaning == "It holds more than 512 MiB when unpacked."
    assert explain(Reason.TOO_MANY_PARTS, {"limit": "2000"}).meaning == "It has more than 2000 parts."
    assert explain(Reason.TOO_LARGE, {"limit": "mail"}).meaning == "It holds more than – when unpacked."
    assert explain(Reason.FILE_UNREADABLE, {"error": "100 %(x)s"}).meaning.count("100 %(x)s") == 1


def test_an_unknown_code_is_shown_rather_than_hidden() -> None:
    assert explain("brand_new").meaning == "brand_new"
    assert explain_fault("brand_new").meaning == "brand_new"
    assert repair_sentence("brand_new") == "brand_new"


@pytest.mark.parametrize(
    ("failed", "sentence"),
    [
        (["dkim", "spf"], "Failed to align: DKIM, SPF."),
        (["spf"], "Failed to align: SPF."),
        (["none"], "Nothing failed to align."),
        ([], "The receiver does not say which mechanisms failed to align."),
    ],
)
def test_identity_alignment_names_what_failed(failed: list[str], sentence: str) -> None:
    assert alignment_sentence(failed) == sentence
