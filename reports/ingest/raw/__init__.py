"""The bytes of messages as they came: kept, given back, moved and thrown away. Nothing else knows where and how they lie."""

from __future__ import annotations

from reports.ingest.raw.ahead import with_bytes
from reports.ingest.raw.keeping import bytes_of, keep_all, put_beforehand, throw_away
from reports.ingest.raw.packing import RawDamaged

__all__ = ["RawDamaged", "bytes_of", "keep_all", "put_beforehand", "throw_away", "with_bytes"]
