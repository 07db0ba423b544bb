"""A large installation: a database filled on the server, its pages, and the work of its nights; see docs/benchmarks.md."""

from __future__ import annotations
