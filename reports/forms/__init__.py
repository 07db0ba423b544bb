"""Forms of the report pages: what people may enter, and the sentences that say why not."""

from __future__ import annotations
