"""Bytes to payloads: what of a mail, an archive or a file is a report. Pure and bounded; reads no report."""

from __future__ import annotations

from reports.ingest.extraction.limits import Limits
from reports.ingest.extraction.mbox import is_mbox, mbox_ranges, split_mbox
from reports.ingest.extraction.walk import extract

__all__ = ["Limits", "extract", "is_mbox", "mbox_ranges", "split_mbox"]
