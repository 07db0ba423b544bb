"""The header-like fields of a feedback report (RFC 5965 section 3, RFC 6591 section 3.1), folded and repeated ones too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reports.ingest.reading.repairs import Repairs
from reports.vocabulary import RepairCode

VALUE_LENGTH = 8000
FIELDS_KEPT = 500
REPEATABLE = frozenset({"authentication-results", "original-rcpt-to", "reported-domain", "reported-uri", "spf-dns"})
_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]*(.*)")
_LABEL = re.compile(r"(?m)^[ \t>]*([A-Za-z]{2,20}(?: [A-Za-z]{2,20}){1,3}):[ \t]*([^\r\n]*)")


class Fields:
    """Values by lower-case name; the first one counts, except for the fields that may repeat."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def first(self, *names: str) -> str:
        """The first value under the first of these names that has one; "" where none has."""
        for name in names:
            for value in self._values.get(name, ()):
                if value:
                    return value
        return ""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self._values.get(name, ()) if value)

    def besides(self, names: frozenset[str]) -> Iterator[tuple[str, str]]:
        """Name and value of all other fields, in their order."""
        for name, values in self._values.items():
            if name not in names:
                yield from ((name, value) for value in values if value)

    def words(self, name: str) -> tuple[str, ...]:
        """A comma list of words (RFC 9991 section 4), comments left out; "none" is the empty list."""
        text = re.sub(r"\([^()]*\)", " ", self.first(name)).lower()
        return tuple(dict.fromkeys(word for word in re.split(r"[,;\s]+", text) if word and word != "none"))

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name, []).append(value)

    def has(self, name: str) -> bool:
        return name in self._values

    def note_repeated(self, repairs: Repairs) -> None:
        for name, values in self._values.items():
            if len(values) > 1 and name not in REPEATABLE:
                repairs.note(RepairCode.REPEATED_FIELD, name, values[1])


def parse_fields(data: bytes) -> Fields:
    """Unfold and split the fields; a line that is neither field nor folded belongs to the field before it."""
    unfolded: list[tuple[str, list[str]]] = []
    for line in data.decode("utf-8", "replace").splitlines():
        found = _FIELD.match(line)
        if found and len(unfolded) < FIELDS_KEPT:
            unfolded.append((found[1].lower(), [found[2]]))
        elif unfolded and line.strip():
            unfolded[-1][1].append(line.strip())
    return _grouped((name, " ".join(lines)) for name, lines in unfolded)


def parse_labels(text: str) -> Fields:
    """Lines such as "Sender IP Address: 192.0.2.1" in running text, the names with hyphens for spaces."""
    return _grouped((found[1].lower().replace(" ", "-"), found[2]) for found in _LABEL.finditer(text))


def _grouped(pairs: Iterable[tuple[str, str]]) -> Fields:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        # A NUL is no text: neither the database nor a page has it.
        values.setdefault(name, []).append(value.strip()[:VALUE_LENGTH].replace("\0", "\ufffd"))
    return Fields(values)
