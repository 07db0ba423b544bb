"""Figures that are always measured against the peer in the same run; see docs/benchmarks.md."""

from __future__ import annotations
