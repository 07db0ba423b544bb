"""Makes the mailboxes that the benchmark reads: the same bytes for the same mix and size. Measures nothing.

`python -m benchmarks.mails MIX SIZE FOLDER WORKERS...` writes one mbox file for each worker of each number of workers, and
prints as JSON what the files of one number hold together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from dmarcsite.demo.aggregate import Row, aggregate_xml
from dmarcsite.demo.cast import Published, Reporter
from dmarcsite.demo.envelopes import aggregate_mail
from dmarcsite.demo.stories import Signature

DAY = 86400
FIRST_DAY = 1_790_640_000  # 2026-09-29 00:00 UTC
DAYS = 90
DOMAINS = ("example.com", "example.net", "example.org", "shop.example", "clinic.example")
POLICY = Published(since=0, p="reject", sp="reject")

# Rows in a report of the typical mix: (share of the reports, fewest, most). The mean is 21, as in mailboxes we know.
SIZES = ((0.55, 1, 4), (0.25, 5, 20), (0.15, 21, 80), (0.045, 81, 200), (0.005, 201, 600))
CYCLE = 1000
"""So many mails of the typical mix have its sizes in their shares, and the next ones have them again."""


@dataclass(frozen=True, slots=True)
class Holds:
    """What a mailbox must come out as: rows of reports, and messages that these rows count."""

    rows: int
    messages: int


@dataclass(frozen=True, slots=True)
class Mail:
    content: bytes
    holds: Holds


def mails(mix: str, *, size: int) -> Iterator[Mail]:
    """`typical` and `tiny` have `size` mails, `one_large` one mail with `size` rows."""
    chance = Random(f"benchmark {mix}")
    if mix == "one_large":
        yield _mail(0, rows=size, chance=chance)
        return
    for number in range(size):
        rows = 1 if mix == "tiny" else _typical_size(number)
        yield _mail(number, rows=rows, chance=chance)


def mbox_of(folder: Path, mix: str, *, share: int, of: int) -> Path:
    """The mailbox of one worker: number `share`, from 0, of so many."""
    return folder / f"{mix}-{share}-of-{of}.mbox"


def write_mboxes(mix: str, *, size: int, folder: Path, workers: Iterable[int]) -> Holds:
    """Write the mails once for each number of workers, dealt to them in turn, and say what they hold.

    No line of these mails begins with "From ".
    """
    rows = messages = 0
    with ExitStack() as stack:
        boxes = [
            [stack.enter_context(mbox_of(folder, mix, share=share, of=of).open("wb")) for share in range(of)]
            for of in set(workers)
        ]
        for number, mail in enumerate(mails(mix, size=size)):
            rows += mail.holds.rows
            messages += mail.holds.messages
            text = mail.content.replace(b"\r\n", b"\n")
            for shares in boxes:
                box = shares[number % len(shares)]
                box.write(b"From reports@example.com Tue Sep 29 00:00:00 2026\n" + text + b"\n")
    return Holds(rows, messages)


def _typical_size(number: int) -> int:
    """Evenly spread over SIZES, so that ten times the mails hold ten times the rows."""
    place, within = ((number * step % CYCLE + 0.5) / CYCLE for step in (617, 389))
    for share, fewest, most in SIZES:
        if place < share:
            return fewest + int(within * (most - fewest + 1))
        place -= share
    return 1


def _mail(number: int, *, rows: int, chance: Random) -> Mail:
    modern = chance.random() < 0.2
    host = f"receiver{number % 37}.example"
    reporter = Reporter(
        key=host, org_name=f"Receiver {number % 37} Example", host=host, shape="9990" if modern else "7489",
        packing="zip" if number % 3 == 0 else "gzip", report_id="", hears_of=(),
    )  # fmt: skip
    domain = DOMAINS[number % len(DOMAINS)]
    begin = FIRST_DAY + (number // 37) % DAYS * DAY
    report_id = f"{begin}.{number}@{host}"
    made = [_row(domain, chance) for _ in range(rows)]
    xml = aggregate_xml(
        made,
        reporter=reporter, report_id=report_id, domain=domain, policy=POLICY, begin=begin, end=begin + DAY - 1,
    )  # fmt: skip
    content = aggregate_mail(
        xml, reporter=reporter, report_id=report_id, domain=domain,
        begin=begin, end=begin + DAY - 1, sent_at=begin + DAY + number % 7200,
    ).content  # fmt: skip
    return Mail(content, Holds(rows, sum(row.count for row in made)))


def _row(domain: str, chance: Random) -> Row:
    """Three of four rows come from a few known senders; one is from anywhere, and mostly fails."""
    if chance.random() < 0.75:
        sender = int(chance.random() * 40)
        source, bounce = f"192.0.2.{sender + 1}", f"bounce{sender % 8}.sender.example"
        signatures: tuple[Signature, ...] = (Signature(domain, f"s{sender % 6}"), Signature("sender.example", "k1"))
        envelope, spf, aligned = (domain, "pass", True) if sender % 3 else (bounce, "pass", False)
        dkim = True
    else:
        source = _anywhere(chance)
        envelope, spf, aligned = (
            f"host{int(chance.random() * 5000)}.example",
            chance.choice(("none", "fail", "softfail")),
            False,
        )
        dkim = chance.random() < 0.3
        signatures = (Signature(domain, "s1", "pass" if dkim else "fail"),)
    failing = not (dkim or aligned)
    return Row(
        source=source, count=1 + int(chance.expovariate(0.2)), disposition="reject" if failing else "none",
        dkim=dkim, spf=aligned,
        reason=("local_policy", "arc=pass") if failing and chance.random() < 0.1 else None,
        header_from=domain, envelope_from=envelope, envelope_to=None, spf_result=spf, signatures=signatures,
    )  # fmt: skip


def _anywhere(chance: Random) -> str:
    if chance.random() < 0.2:
        return f"2001:db8:{int(chance.random() * 65536):x}:{int(chance.random() * 65536):x}::25"
    return f"{chance.choice(('198.51.100', '203.0.113'))}.{int(chance.random() * 256)}"


if __name__ == "__main__":
    numbers = [int(number) for number in sys.argv[4:]]
    holds = write_mboxes(sys.argv[1], size=int(sys.argv[2]), folder=Path(sys.argv[3]), workers=numbers)
    json.dump(asdict(holds), sys.stdout)
