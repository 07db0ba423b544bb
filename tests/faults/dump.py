"""Owns what "identical" means: all that ingestion wrote for an organisation, without surrogate ids, times and places."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

from reports.models import Organisation

Dump = dict[str, list[str]]
# Who may see and who decided is no part of ingestion; the mailbox is what was disturbed.
LEFT_OUT = {"Organisation", "Mailbox", "Membership", "AuditEntry", "AuditHead", "Job", "Node", "Decision"}
# Sealed bytes differ each time and may lie in a bucket (tests.faults.bucket); where a mail lay, and how often its reading was begun, is what faults change.
FIELDS_LEFT_OUT = {
    "sealed",
    "object_key",
    "details",
    "sample",
    "secret",
    "tries",
    "claimed_at",
    "uid",
    "uid_validity",
    "epoch",
    "key",
    "folder",
}
ORDER_DECIDES = frozenset({"message", "payload_index", "filename", "outcome", "reason", "problems", "proven_by"})
"""Which of several mails with one report is the one that brought it, under a name of its own: the first that was read, unless
another one is proven better."""
WITHOUT_REPORT = {None, "refused", "not_a_report"}
OUTCOMES_OF_COPIES = {"duplicate", "refused", "not_a_report"}
TIMES_OF_CONTENT = {"begin", "end", "arrived_at"}


def dump(organisation: Organisation, *, without: frozenset[str] = frozenset()) -> Dump:
    """Every table of ingestion as sorted lines. A key to another row stands as a digest of that row's own line.

    Tables and columns are asked of the models, so that what is added to them is compared as well; columns `without`
    are left out besides those that no run has in common with another.
    """
    lines = _Lines(FIELDS_LEFT_OUT | without)
    found: Dump = {}
    for model in apps.get_app_config("reports").get_models():
        path = _path_to_organisation(model)
        if path is not None and model.__name__ not in LEFT_OUT:
            rows = model._default_manager.filter(**{path: organisation})
            found[model.__name__] = sorted(map(lines.line, rows))
    return found


def outcomes(organisation: Organisation) -> list[str]:
    """How many messages ended how, without the difference that the order of reading makes: a report is stored with the first."""
    ends = organisation.message_set.values_list("outcome", "reason")
    count = Counter(
        json.dumps([outcome, reason] if outcome in WITHOUT_REPORT else ["brought"]) for outcome, reason in ends
    )
    return sorted(f"{end} {times}" for end, times in count.items())


def differences(expected: Dump, actual: Dump, *, most: int = 8) -> list[str]:
    """The lines that are in one dump only, named by table; empty where both are identical."""
    lines: list[str] = []
    # Other tables follow from this one: a digest of each message stands in their lines.
    for table in sorted(expected.keys() | actual.keys(), key=lambda name: (name != "Message", name)):
        lines += [f"lost   {table} {line}" for line in _beyond(expected.get(table, []), actual.get(table, []))]
        lines += [f"gained {table} {line}" for line in _beyond(actual.get(table, []), expected.get(table, []))]
    return lines[:most] + ([f"... and {len(lines) - most} more"] if len(lines) > most else [])


def without_copies(found: Dump, expected: Dump, *, count: int, reports: int) -> Dump:
    """The dump without the traces of `count` copies that hold so many reports: a message each, known as what it is, and
    a sighting of each report. All of it where that is not what is there."""
    beyond = _beyond(found["Message"], expected["Message"])
    sightings = _beyond(found["Sighting"], expected["Sighting"])
    are_known = all(json.loads(line)["outcome"] in OUTCOMES_OF_COPIES for line in beyond)
    if (len(beyond), len(sightings), are_known) != (count, reports, True):
        return found
    return found | {
        "Message": _beyond(found["Message"], beyond),
        "Sighting": _beyond(found["Sighting"], sightings),
    }


def _beyond(lines: list[str], others: list[str]) -> list[str]:
    left = list(others)
    return [line for line in lines if line not in left or left.remove(line)]  # type: ignore[func-returns-value]


def _path_to_organisation(model: type[models.Model]) -> str | None:
    keys = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    if any(field.name == "organisation" for field in keys):
        return "organisation"
    for field in keys:
        target = field.related_model
        if isinstance(target, type) and target._meta.app_label == "reports":
            path = _path_to_organisation(target)
            if path:
                return f"{field.name}__{path}"
    return None


class _Lines:
    def __init__(self, left_out: set[str]) -> None:
        self._left_out = left_out
        self._known: dict[tuple[str, Any], str] = {}

    def line(self, row: models.Model) -> str:
        return json.dumps(dict(self._values(row)), sort_keys=True)

    def _values(self, row: models.Model) -> Iterator[tuple[str, Any]]:
        for field in row._meta.concrete_fields:
            if isinstance(field, models.AutoField) or field.name in self._left_out:
                continue
            if isinstance(field, models.ForeignKey):
                target = field.related_model
                if target.__name__ not in LEFT_OUT and target._meta.app_label == "reports":
                    yield field.name, self._digest(row, field)
            elif isinstance(field, models.DateTimeField) and field.name not in TIMES_OF_CONTENT:
                yield field.name, getattr(row, field.name) is not None
            else:
                yield field.name, _plain(getattr(row, field.name))

    def _digest(self, row: models.Model, field: models.ForeignKey[Any, Any]) -> str | None:
        pk = getattr(row, field.attname)
        if pk is None:
            return None
        place = (field.related_model.__name__, pk)
        if place not in self._known:
            self._known[place] = hashlib.sha256(self.line(getattr(row, field.name)).encode()).hexdigest()[:12]
        return self._known[place]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
