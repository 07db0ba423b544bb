"""Takes the texts out of a record by its bytes: where its tags stand as in an earlier one, only that one was parsed.

A shape is the tags of a record in their order. What is in it besides tags of plain names and plain texts makes the record
go through the parser itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from lxml import etree

from reports.ingest.reading.flat import Flat
from reports.ingest.reading.names import LocalNames, namespace_of

SHAPES_KEPT = 1000
MOST_TAGS = 200
HEAD = 4  # record, row, source_ip, count
_TAG = re.compile(r"/?[a-z_]{1,40}")
_NO_TEXT = b"&" + bytes(code for code in range(32) if code not in b"\t\n")
_ALL_BUT_BRACKETS = bytes(code for code in range(256) if code not in b"<>")
_NO_CHARACTERS = b"\xef\xbf"
"""With these begin U+FFFE and U+FFFF, which XML forbids."""

_Shape = tuple[Sequence[str], Callable[[Sequence[str]], Any]]


class Records:
    """Parses what records say after their count, in reports that begin with the same root element."""

    def __init__(self, root: bytes, name: bytes) -> None:
        self._before = root + b"<record><row><source_ip/><count/>"
        self._after = b"</record></" + name + b">"
        self._names: LocalNames | None = None
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def flat(self, said: bytes) -> Flat:
        """The elements in document order, an empty text as "" or None.

        Raises etree.XMLSyntaxError where it is not well-formed, ValueError where it is no single record.
        """
        pieces = said.decode().replace("<", ">").split(">")
        tags = tuple(pieces[1::2])
        is_plain = said.translate(None, _ALL_BUT_BRACKETS) == b"<>" * len(tags)
        if (
            not is_plain
            or len(tags) > MOST_TAGS
            or len(said.translate(None, _NO_TEXT)) != len(said)
            or _NO_CHARACTERS in said
        ):
            return self._parsed(said)
        shape = self._shapes.get(tags) or self._shape(tags)
        if shape is None:
            return self._parsed(said)
        names, texts = shape
        return tuple(zip(names, texts(pieces), strict=True))

    def _shape(self, tags: tuple[str, ...]) -> _Shape | None:
        """The names of the elements, and what takes their texts out of the pieces between the brackets.

        None where a tag holds more than a name.
        """
        if not all(map(_TAG.fullmatch, tags)):
            return None
        names = [name for name, _ in self._parsed("".join([f"<{tag}>" for tag in tags]).encode())]
        begins = [2 * place + 2 for place, tag in enumerate(tags) if tag[0] != "/"]
        if len(names) <= 1:  # itemgetter would give its text by itself
            return None
        if len(self._shapes) >= SHAPES_KEPT:
            self._shapes.clear()
        found = self._shapes[tags] = (names, itemgetter(*begins))
        return found

    def _parsed(self, said: bytes) -> Flat:
        root = etree.fromstring(self._before + said + self._after, parser=_strict_parser())
        if len(root) != 1 or b"<record>" in said:
            raise ValueError("not one record")
        if self._names is None:
            self._names = LocalNames(namespace_of(root.tag))
        names = self._names
        return tuple([(names[element.tag], element.text) for element in root[0].iter("*")][HEAD:])


def _strict_parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
        huge_tree=False,
    )  # fmt: skip
