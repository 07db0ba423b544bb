"""Tells bare deflate data, with or without the header of zlib (RFC 1950, RFC 1951), by the report that it unfolds to."""

from __future__ import annotations

import zlib

from reports.ingest.extraction.sniffing import HEAD, Form, sniff
from reports.ingest.extraction.streams import ZLIB_HEADER

PROBED = 4096
_REPORTS = frozenset({Form.AGGREGATE, Form.TLS})
_METHOD, _DEFLATED, _CHECK = 15, 8, 31


def deflated_form(data: bytes) -> Form | None:
    """Which of both it is; None where it unfolds to something else, or to nothing. Looks at the beginning only."""
    if _has_zlib_header(data) and _unfolds_to_report(data[ZLIB_HEADER:PROBED]):
        return Form.ZLIB
    return Form.DEFLATE if _unfolds_to_report(data[:PROBED]) else None


def _has_zlib_header(data: bytes) -> bool:
    """RFC 1950 section 2.2."""
    header = data[:ZLIB_HEADER]
    return (
        len(header) == ZLIB_HEADER and header[0] & _METHOD == _DEFLATED and not int.from_bytes(header, "big") % _CHECK
    )


def _unfolds_to_report(data: bytes) -> bool:
    try:
        head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, HEAD)
    except zlib.error:
        return False
    return bool(head) and sniff(head) in _REPORTS
