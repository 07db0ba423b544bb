"""The element names of an aggregate report, by local name. Knows which namespaces count and which are extensions."""

from __future__ import annotations

from reports.ingest.reading.xmltext import UNDECLARED_NAMESPACE

WANTED = ("record", "report_metadata", "policy_published", "version", "extension", "extensions")
WANTED_TAGS = tuple(f"{{*}}{form}" for name in WANTED for form in {name, name.upper(), name.title()})
FOREIGN = ""


def namespace_of(tag: str) -> str:
    """The namespace in a parser's tag, "" where it has none. lxml's QName refuses what an XML file may hold, such as a brace."""
    return tag.rpartition("}")[0].removeprefix("{")


class LocalNames(dict[str, str]):
    """Maps a parser's tag to the lower-case local name, or to `FOREIGN` for an element of another vocabulary."""

    def __init__(self, root_namespace: str) -> None:
        super().__init__()
        self.root_namespace = root_namespace

    def __missing__(self, tag: str) -> str:
        namespace, local = namespace_of(tag), tag.rpartition("}")[2]
        known = namespace in ("", self.root_namespace, UNDECLARED_NAMESPACE) or "dmarc" in namespace
        self[tag] = name = local.lower() if known and ":" not in local else FOREIGN
        return name
