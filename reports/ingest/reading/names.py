"""The element names of an aggregate report, by local name. Knows which namespaces count and which are extensions."""

from __future__ import annotations

import re

from reports.ingest.reading.flat import RECORD_NAMES
from reports.ingest.reading.head import HEAD_NAMES
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.xmltext import UNDECLARED_NAMESPACE
from reports.vocabulary import RepairCode

WANTED = ("record", "report_metadata", "policy_published", "version", "extension", "extensions")
PARTS = frozenset({"record", "report_metadata", "policy_published"})
"""Beneath the root, nothing else is called so."""
_SPELLINGS = (
    "ReportMetadata", "reportMetadata", "reportmetadata", "report-metadata",
    "PolicyPublished", "policyPublished", "policypublished", "policy-published",
)  # fmt: skip
WANTED_TAGS = (
    *(f"{{*}}{form}" for name in WANTED for form in {name, name.upper(), name.title()}),
    *(f"{{*}}{spelling}" for spelling in _SPELLINGS),
)
FOREIGN = ""
MOST_ADOPTED = 20
_BETWEEN_WORDS = re.compile("[_-]")
_BY_LETTERS = {_BETWEEN_WORDS.sub("", name): name for name in (*WANTED, *RECORD_NAMES, *HEAD_NAMES)}


def namespace_of(tag: str) -> str:
    """The namespace in a parser's tag, "" where it has none. lxml's QName refuses what an XML file may hold, such as a brace."""
    return tag.rpartition("}")[0].removeprefix("{")


class LocalNames(dict[str, str]):
    """Maps a parser's tag to the lower-case local name, or to `FOREIGN` for an element of another vocabulary.

    With `repairs`, names in other spellings (`sourceIp`, `source-ip`) are understood and noted.
    """

    def __init__(self, root_namespace: str, *, repairs: Repairs | None = None) -> None:
        super().__init__()
        self.root_namespace = root_namespace
        self._repairs = repairs
        self._adopted = {"", UNDECLARED_NAMESPACE}

    def __missing__(self, tag: str) -> str:
        namespace, local = namespace_of(tag), tag.rpartition("}")[2]
        known = namespace in self._adopted or namespace == self.root_namespace or "dmarc" in namespace
        self[tag] = name = self._known(local) if known and ":" not in local else FOREIGN
        return name

    def _known(self, local: str) -> str:
        name = local.lower()
        if self._repairs is None or name in RECORD_NAMES or name in HEAD_NAMES:
            return name
        meant = _BY_LETTERS.get(_BETWEEN_WORDS.sub("", name), name)
        if meant != name:
            self._repairs.note(RepairCode.NAME_REWRITTEN, meant, local)
        return meant

    def adopt(self, tag: str, *, instead_of: frozenset[str]) -> str:
        """The local name of an element whose namespace counts from now on; FOREIGN where it is none of those that stand there."""
        namespace, local = namespace_of(tag), tag.rpartition("}")[2]
        name = _BY_LETTERS.get(_BETWEEN_WORDS.sub("", local.lower()), FOREIGN)
        if self._repairs is None or name not in instead_of or ":" in local or len(self._adopted) > MOST_ADOPTED:
            return FOREIGN
        self._repairs.note(RepairCode.NAMESPACE_ADOPTED, name, namespace)
        self._adopted.add(namespace)
        for known in [known for known in self if namespace_of(known) == namespace]:
            del self[known]
        return self[tag]
