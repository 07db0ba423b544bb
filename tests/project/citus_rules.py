"""What Citus would refuse about a plan of tables, by the real catalogue and by Citus's documented rules. Runs no Citus.

The rules: https://docs.citusdata.com/en/stable/develop/reference_ddl.html (sections "Reference Tables" and "Adding/Removing
Constraints") and https://docs.citusdata.com/en/stable/extra/triggers.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""
# Every unique key, whether constraint or index, partial or not, and every exclusion constraint.
KEYS = """
    SELECT t.relname, i.relname, array(
        SELECT attname::text FROM pg_attribute WHERE attrelid = t.oid AND attnum = ANY(x.indkey::int2[])
    )
    FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE (x.indisunique OR x.indisexclusion) AND NOT t.relispartition AND t.relnamespace = 'public'::regnamespace
"""
FOREIGN_KEYS = """
    SELECT f.relname, t.relname, c.conname, c.confdeltype IN ('c', 'n', 'd') OR c.confupdtype IN ('c', 'n', 'd'),
        array(SELECT a.attname::text || '>' || b.attname FROM unnest(c.conkey, c.confkey) AS k(here, there)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.here
              JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.there)
    FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
    WHERE c.contype = 'f' AND NOT f.relispartition AND f.relnamespace = 'public'::regnamespace
"""
TRIGGERS = "SELECT t.relname, g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal"
COLUMNS = """
    SELECT c.relname, a.attname, a.attnotnull, format_type(a.atttypid, NULL)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True)
class Plan:
    """Where each table lies: `distributed` names the column for each table that is spread over the workers."""

    distributed: dict[str, str]
    reference: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, script: str) -> Plan:
        calls = re.findall(r"^SELECT create_distributed_table\('(\w+)', '(\w+)'", script, re.M)
        return cls(
            dict(calls),
            re.findall(r"^SELECT create_reference_table\('(\w+)'\);", script, re.M),
            re.findall(r"^-- local: (\w+)$", script, re.M),
        )

    @property
    def named(self) -> list[str]:
        return sorted([*self.distributed, *self.reference, *self.local])


def refusals(plan: Plan) -> list[str]:
    """Everything that Citus would refuse about the plan; empty where it would take it."""
    return sorted([*_columns(plan), *_keys(plan), *_foreign_keys(plan), *_triggers(plan)])


def tables() -> list[str]:
    return sorted(name for (name,) in _rows(TABLES))


def _columns(plan: Plan) -> Iterator[str]:
    """Tables lie together only where their columns are of one type, and NULL belongs to no shard."""
    found = {(table, column): (is_set, kind) for table, column, is_set, kind in _rows(COLUMNS)}
    kinds = set()
    for table, column in plan.distributed.items():
        if (table, column) not in found:
            yield f"{table} has no {column}"
            continue
        is_set, kind = found[table, column]
        kinds.add(kind)
        if not is_set:
            yield f"{table}.{column} may be NULL"
    if len(kinds) > 1:
        yield f"distribution columns of several types: {', '.join(sorted(kinds))}"


def _keys(plan: Plan) -> Iterator[str]:
    for table, name, columns in _rows(KEYS):
        if table in plan.distributed and plan.distributed[table] not in columns:
            yield f"{name} of {table} does not contain {plan.distributed[table]}"


def _foreign_keys(plan: Plan) -> Iterator[str]:
    for here, there, name, has_action, pairs in _rows(FOREIGN_KEYS):
        if here in plan.distributed:
            together = f"{plan.distributed[here]}>{plan.distributed.get(there)}"
            if there not in plan.reference and together not in pairs:
                yield f"{name}: from distributed {here} to {there}"
        elif there in plan.distributed:
            yield f"{name}: from {here} to distributed {there}"
        elif here in plan.reference and there in plan.local and has_action:
            yield f"{name}: from reference {here} to local {there} with an action"


def _triggers(plan: Plan) -> Iterator[str]:
    for table, name in _rows(TRIGGERS):
        if table in plan.distributed or table in plan.reference:
            yield f"trigger {name} on {table}"


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
