"""The one way in which safekeeping refuses; its text says what to do."""

from __future__ import annotations


class CannotKeep(Exception):
    """A backup cannot be made, or one cannot be restored. Nothing was changed."""
