"""Rows into tables by COPY, and ids for them beforehand. Knows PostgreSQL's formats and no model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection
from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format

CHUNK_LINES = 2000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


def to_field(value: str | None) -> str:
    """A text as a field of COPY's text format; None is NULL. A NUL, which PostgreSQL has not, is left out."""
    return "\\N" if value is None else value.translate(_ESCAPES)


def copy_lines(table: str, columns: Iterable[str], lines: Iterable[str]) -> None:
    """Load finished lines, each ending in a newline, its fields made by `to_field` and joined by tabs."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        chunk: list[str] = []
        for line in lines:
            chunk.append(line)
            if len(chunk) >= CHUNK_LINES:
                copy.write("".join(chunk))
                chunk.clear()
        copy.write("".join(chunk))


def copy_rows(table: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Load rows of Python values in binary, for columns of these PostgreSQL types; what is jsonb is given as JSON text.

    Wide rows take less than half as long as they would as text, and that an eighth of what `bulk_create` takes.
    """
    statement = f"COPY {table} ({', '.join(types)}) FROM STDIN WITH (FORMAT BINARY)"
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.adapters.register_dumper(None, _JsonText)
        with cursor.copy(statement) as copy:
            copy.set_types(list(types.values()))
            for row in rows:
                copy.write_row(row)


class _JsonText(Dumper):
    """JSON that is written already, as jsonb takes it in binary: after the number of the format."""

    format = Format.BINARY
    oid = adapters.types["jsonb"].oid

    def dump(self, obj: str) -> bytes:
        return b"\x01" + obj.encode()


def copied_out(query: str, params: Sequence[Any]) -> Iterator[bytes]:
    """The rows of a query as lines of COPY's text format, each with its newline: nothing is made of them but bytes."""
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT", params) as copy,
    ):
        for line in copy:
            yield bytes(line)


def array_of(values: Iterable[int | bytes | date]) -> str:
    """An array of numbers, bytes or days as PostgreSQL writes it, to be cast: psycopg takes five times as long for a long one."""
    return "{" + ",".join(f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else str(value) for value in values) + "}"


def next_ids(table: str, count: int) -> list[int]:
    """Take ids from the table's sequence, so that rows and what refers to them can be loaded without asking back."""
    with connection.cursor() as cursor:
        # PostgreSQL would look the sequence up for each id, which takes four times as long as taking it.
        cursor.execute(
            "WITH sequence AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name) "
            "SELECT nextval(name) FROM sequence, generate_series(1, %s)",
            [table, count],
        )
        return [number for (number,) in cursor.fetchall()]
