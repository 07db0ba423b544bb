"""Owns docs/differences-from-parsedmarc.md, which is made of the list. `python -m tests.differential.page` writes it."""

from __future__ import annotations

from pathlib import Path

from tests.differential.explained import ENTRIES

PLACE = Path(__file__).resolve().parents[2] / "docs" / "differences-from-parsedmarc.md"
_WORDS = {
    "unread": "read here, refused there", "refused": "refused here, read there", "more": "reports", "row.lost": "rows",
    "row.beyond": "rows",
}  # fmt: skip
_HEAD = """# Differences from parsedmarc

Every report is read by this reader; [parsedmarc](https://github.com/domainaware/parsedmarc) 11 is the reference that it is
measured against. A test reads written, generated and spoilt files with both and fails on each difference that none of the
entries below explains, and on each entry that explains nothing (`tests/differential`, `make differential` for a long run).
This page is made of that list: `python -m tests.differential.page`. What is compared: which reports are found, every row, every
count, and every field of head and row as plain values, without the names that either adds for sources.
"""


def page() -> str:
    """The page as the list has it now."""
    lines = [_HEAD, "| id | concerns | what differs | evidence |", "|---|---|---|---|"]
    for entry in ENTRIES:
        concerned = dict.fromkeys(_WORDS.get(name, name.partition(".")[2] or name) for name in entry.on)
        concerns = ", ".join(concerned) if len(concerned) < 6 else "many fields"
        lines.append(f"| {entry.id} | {concerns} | {entry.what} | {entry.evidence} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PLACE.write_text(page(), encoding="utf-8")
