"""Reads metadata and policy of a report by their bytes where they are written the usual way: leaves of plain text.

The usual way is a root without prefix, an optional version, then report_metadata and policy_published that hold nothing
but such leaves. Anything else is left to the parser: None says so, and nothing was noted then.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reports.dto import Repair
from reports.ingest.reading.head import HEAD_NAMES, HeadFields, HeadParts
from reports.ingest.reading.repairs import Repairs

# No character that XML forbids or that means something in it; U+FFFE and U+FFFF are looked for by themselves.
_TEXT = rb"[^<>&\x00-\x08\x0b\x0c\x0e-\x1f]*"
_LEAF = rb"\s*<([a-z_]{1,40})>" + _TEXT + rb"</\%d>"
_LEAVES = rb"((?:" + _LEAF + rb")*)"
_HEAD = re.compile(
    rb'<feedback((?:\s+xmlns(?::[a-z]{1,20})?="[^"<>&]{0,200}"){0,8})\s*>'
    rb"(?:\s*<version>(" + _TEXT + rb")</version>)?"
    rb"\s*<report_metadata>" + _LEAVES % 4 + rb"\s*<date_range>" + _LEAVES % 6 + rb"\s*</date_range>" + _LEAVES % 8 +
    rb"\s*</report_metadata>\s*<policy_published>" + _LEAVES % 10 + rb"\s*</policy_published>"
    rb"\s*</feedback>\s*"
)  # fmt: skip
_EACH = re.compile(r"<([a-z_]+)>([^<]*)</")
_NAMESPACE = re.compile(rb'\sxmlns="([^"]*)"')
_NO_CHARACTERS = b"\xef\xbf"
LENGTH = 20_000


def quick_head(without_records: bytes, *, repairs: Repairs) -> HeadParts | None:
    """The parts of a report without its records, encoded in UTF-8; None where it is written in another way."""
    if len(without_records) > LENGTH or _NO_CHARACTERS in without_records:
        return None
    found = _HEAD.fullmatch(without_records)
    if found is None:
        return None
    leaves = _leaves(found[3] + found[5] + found[7])
    policy, noted, is_known = _policy(found[9])
    if not (is_known and HEAD_NAMES.issuperset([name for name, _ in leaves])):
        return None
    parts = HeadParts(repairs, policy=policy)
    namespace = _NAMESPACE.search(found[1]) if found[1] else None
    parts.namespace = namespace[1].decode() if namespace else ""
    parts.version = (found[2] or b"").decode().strip()
    parts.metadata.add(leaves)
    for repair in noted:
        repairs.note(repair.code, repair.place, repair.sent, times=repair.times)
    return parts


@lru_cache(maxsize=4096)  # a domain's policy is the same in every report about it
def _policy(text: bytes) -> tuple[HeadFields, tuple[Repair, ...], bool]:
    """Its fields, what was noted about them, and whether all of them are known."""
    repairs = Repairs()
    fields = HeadFields("policy_published", repairs=repairs)
    leaves = _leaves(text)
    fields.add(leaves)
    return fields, repairs.all(), HEAD_NAMES.issuperset([name for name, _ in leaves])


def _leaves(text: bytes) -> list[tuple[str, str | None]]:
    return _EACH.findall(text.decode())
