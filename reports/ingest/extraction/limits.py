"""How much one message may unfold to. Counts and refuses; unpacks nothing."""

from __future__ import annotations

from dataclasses import dataclass

from reports.errors import LimitExceeded
from reports.vocabulary import Reason

MIB = 1 << 20
ENTRIES_PER_MEMBER = 20  # folders, and byte patterns that only look like entries


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one message or file, everything nested in it included.

    `ratio` is bytes out per byte of the message, and counts only past `ratio_floor` bytes: real reports compress 15 to 60
    times, reports of 100,000 equal rows 200 times, a bomb of one deflate layer 1,000 times and a nested one far more.
    """

    bytes_in: int = 256 * MIB
    bytes_out: int = 512 * MIB
    ratio: int = 500
    ratio_floor: int = 32 * MIB
    members: int = 1000
    parts: int = 2000
    depth: int = 8
    problems: int = 50


class Budget:
    """What is left of the limits while one message of `size` bytes is unfolded."""

    def __init__(self, limits: Limits, *, size: int) -> None:
        self.limits = limits
        self._size = max(size, 1)
        self._bytes_out = 0
        self._bytes_inflated = 0
        self._members = 0
        self._parts = 0

    def anew(self) -> Budget:
        """The whole of the limits once more, to look at something that may be unfolded again."""
        return Budget(self.limits, size=self._size)

    def take_bytes(self, count: int) -> None:
        self._bytes_out += count
        if self._bytes_out > self.limits.bytes_out:
            raise LimitExceeded(Reason.TOO_LARGE, (("limit", str(self.limits.bytes_out)),))
        if self._bytes_out > max(self.limits.ratio_floor, self.limits.ratio * self._size):
            raise LimitExceeded(Reason.RATIO_TOO_HIGH, (("limit", str(self.limits.ratio)),))

    def take_inflated(self, count: int) -> None:
        """Count what a decoder reads too: entries of an archive may share data that comes to nothing, a thousand times over."""
        self._bytes_inflated += count
        if self._bytes_inflated > self.limits.bytes_in + self.limits.bytes_out:
            raise LimitExceeded(Reason.TOO_LARGE, (("limit", str(self.limits.bytes_out)),))

    def take_member(self) -> None:
        self._members += 1
        if self._members > self.limits.members:
            raise LimitExceeded(Reason.TOO_MANY_MEMBERS, (("limit", str(self.limits.members)),))

    def check_entries(self, count: int) -> None:
        """Refuse a directory or a mail structure that would fill the memory before its members are counted one by one."""
        if count > ENTRIES_PER_MEMBER * self.limits.members:
            raise LimitExceeded(Reason.TOO_MANY_MEMBERS, (("limit", str(self.limits.members)),))

    def take_part(self) -> None:
        self._parts += 1
        if self._parts > self.limits.parts:
            raise LimitExceeded(Reason.TOO_MANY_PARTS, (("limit", str(self.limits.parts)),))

    def check_depth(self, depth: int) -> None:
        if depth > self.limits.depth:
            raise LimitExceeded(Reason.TOO_DEEP, (("limit", str(self.limits.depth)),))
