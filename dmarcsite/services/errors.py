"""Why something could not be started, as the one sentence that the person at the terminal reads."""

from __future__ import annotations


class CannotStart(Exception):
    """A service or a process did not come up. The message is a whole sentence and says what to do."""
