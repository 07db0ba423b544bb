"""Sorts the flat elements of one record by what they belong to: verdicts, reasons, identifiers, results.

Flat means in document order, (local name, text) each: wrongly nested reports still come out right that way.
"""

from __future__ import annotations

from collections.abc import Callable

from reports.vocabulary import RepairCode

Flat = tuple[tuple[str, str | None], ...]
Note = tuple[str, str, str]


class FlatRecord:
    """The texts of one record. `once` is by path, `notes` are repairs as (code, place, text sent).

    `has_unknown`: an element in it is none of the RFC's.

    `_container` is the container that an ambiguous name such as "dkim" belongs to.
    """

    def __init__(self, flat: Flat) -> None:
        self.notes: list[Note] = []
        self.once: dict[str, str] = {}
        self.reasons: list[dict[str, str]] = []
        self.dkim: list[dict[str, str]] = []
        self.spf: list[dict[str, str]] = []
        self._container = ""
        self._open: dict[str, str] = {}
        self._results: list[dict[str, str]] = []
        self.has_unknown = False
        for name, text in flat:
            handler = _HANDLERS.get(name)
            if handler:
                handler(self, name, text.strip() if text else "")
            else:
                self.has_unknown = True

    def _enter(self, name: str, text: str) -> None:
        self._container = {"identities": "identifiers"}.get(name, name)
        self._open = {}
        if name == "identities":
            self.notes.append((RepairCode.OLD_SHAPE, "identities", ""))

    def _reason(self, name: str, text: str) -> None:
        self._open = {"text": text}
        self.reasons.append(self._open)

    def _method(self, name: str, text: str) -> None:
        if (
            self._container == "identifiers" and not text
        ):  # these lie within the results, or the results have no element
            self._container = "auth_results"
        if self._container == "auth_results":
            self._results = self.dkim if name == "dkim" else self.spf
            self._open = {"result": text} if text else {}
            self._results.append(self._open)
        else:
            self._once(f"policy_evaluated/{name}", text)

    def _part(self, name: str, text: str) -> None:
        if name in self._open and self._container == "auth_results":  # several results within one element
            self._open = {}
            self._results.append(self._open)
        elif name in self._open and self.reasons and self._open is self.reasons[-1]:  # several reasons within one
            self._reason(name, "")
        self._open.setdefault(name, text)

    def _identifier(self, name: str, text: str) -> None:
        self._once(f"identifiers/{name}", text)

    def _disposition(self, name: str, text: str) -> None:
        self._once(f"policy_evaluated/{name}", text)

    def _again(self, name: str, text: str) -> None:
        self.notes.append((RepairCode.REPEATED_ELEMENT, f"row/{name}", text))

    def _once(self, place: str, text: str) -> None:
        if place in self.once:
            self.notes.append((RepairCode.REPEATED_ELEMENT, place, text))
        else:
            self.once[place] = text


_Handler = Callable[[FlatRecord, str, str], None]
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(
        ("record", "row", "policy_evaluated", "identifiers", "identities", "auth_results"), FlatRecord._enter
    ),
    **dict.fromkeys(("domain", "selector", "scope", "result", "human_result", "type", "comment"), FlatRecord._part),
    **dict.fromkeys(("header_from", "envelope_from", "envelope_to"), FlatRecord._identifier),
    **dict.fromkeys(("dkim", "spf"), FlatRecord._method),
    "reason": FlatRecord._reason,
    "disposition": FlatRecord._disposition,
    **dict.fromkeys(("source_ip", "count"), FlatRecord._again),  # of a row, the first ones are read elsewhere
}
RECORD_NAMES = frozenset(_HANDLERS)
