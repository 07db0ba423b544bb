"""A file as mails: one that is an mbox holds several, and each is to be entered by itself."""

from __future__ import annotations

from io import BytesIO

from reports.ingest.extraction import is_mbox, split_mbox

_HEAD_BYTES = 4096


def as_mails(key: str, data: bytes) -> dict[str, bytes]:
    """The mails of a file by key. The first has the key of the file, others that key and "#2", "#3" and so on."""
    mails = list(split_mbox(BytesIO(data))) if is_mbox(data[:_HEAD_BYTES]) else []
    if not mails:
        return {key: data}
    return {f"{key}#{number}" if number > 1 else key: mail for number, mail in enumerate(mails, start=1)}
