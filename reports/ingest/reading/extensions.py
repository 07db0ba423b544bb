"""Keeps what a report holds beside the elements of its RFCs: extensions (RFC 9990 section 5) and unknown elements."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from reports.dto import Extension
from reports.ingest.reading.names import FOREIGN, LocalNames
from reports.ingest.reading.repairs import Repairs
from reports.vocabulary import RepairCode

LENGTH = 64 << 10
"""Characters of all extensions of one report together."""
CONTAINERS = frozenset({"extension", "extensions"})


class Extensions:
    """Collects extensions in document order, up to LENGTH characters; what is beyond is noted."""

    def __init__(self, *, repairs: Repairs) -> None:
        self._repairs = repairs
        self._left = LENGTH
        self._found: list[Extension] = []

    def add(self, element: etree._Element, name: str, *, place: str, record: int = 0) -> None:
        """Keep an element whose local name is `name`. One that no RFC allows at its place is noted as such.

        RFC 9990 allows elements of other namespaces in `extension` and in a record, and nothing else.
        """
        if self._left <= 0:
            self._repairs.note(RepairCode.EXTENSION_SKIPPED, place, row=record)
            return
        xml = etree.tostring(element, encoding="unicode", with_tail=False)
        if name not in CONTAINERS and not (name == FOREIGN and place == "record"):
            self._repairs.note(RepairCode.UNKNOWN_ELEMENT, place, xml, row=record)
        if len(xml) > self._left:
            self._repairs.note(RepairCode.EXTENSION_SKIPPED, place, xml[self._left :], row=record)
        self._found.append(Extension(place, xml[: self._left].replace("\0", "\ufffd"), record))
        self._left -= len(xml)

    def all(self) -> tuple[Extension, ...]:
        return tuple(self._found)


def unknown_within(
    element: etree._Element, names: LocalNames, known: frozenset[str]
) -> Iterator[tuple[etree._Element, str, str]]:
    """The topmost elements within this one that are not known: element, its local name, and that of its parent."""
    within = [
        element
    ]  # and not a generator within a generator for each level, which each of its elements comes through
    children = [element.iterchildren("*")]
    while children:
        child = next(children[-1], None)
        if child is None:
            children.pop()
            within.pop()
        elif (name := names[child.tag]) in known:
            within.append(child)
            children.append(child.iterchildren("*"))
        else:
            yield child, name, names[within[-1].tag]
