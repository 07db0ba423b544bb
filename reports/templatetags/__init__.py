"""Template tags of the reports side."""

from __future__ import annotations
