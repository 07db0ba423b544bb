"""`make bench-pages`: pages and nights of a large installation, in a PostgreSQL of the benchmark's own.

Fills it, asks for every page, then compares all sums and lets a month go. Takes some 15 minutes and, at 20,000,000 rows, 16 GB
below TMPDIR, which are given back. Prints the JSON lines of each step, and how many bytes the tables take. With `--keep FOLDER` the
database stays there, and is filled only where it is not yet; leave the nights out then, since they take a month away.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.database import migrate, own_database
from dmarcsite.services.places import DATABASE_USER, Places

BYTES_PER_ROW = 800
NAME = "large"
_SIZES = """
    SELECT regexp_replace(c.relname, '_(\\d{4}_\\d{2}|default)$', ''), sum(pg_table_size(c.oid))::bigint,
           sum(pg_indexes_size(c.oid))::bigint
    FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE 'reports\\_%' GROUP BY 1
    HAVING sum(pg_total_relation_size(c.oid)) > 1000000 ORDER BY 2 DESC
"""


def main() -> None:
    options = _options()
    with _folder(options.keep) as folder:
        filled = folder / "filled.json"
        if not filled.exists():
            if shutil.disk_usage(folder).free < 1.2 * BYTES_PER_ROW * options.rows:
                sys.exit(f"{folder} has not the {BYTES_PER_ROW * options.rows / 1e9:.0f} GB that so many rows take")
            with own_database(folder / "var", durable=False) as database:
                made = _run("benchmarks.large.fill", str(options.rows), env=database.fresh(NAME))
            filled.write_text(made, encoding="utf-8")
        rows = json.loads(filled.read_text(encoding="utf-8"))["rows"]
        with own_database(folder / "var") as database:
            env = database.environment(NAME)
            migrate(env)  # a database that was kept may be older than the program
            _tell_sizes(database.places, rows=rows)
            _run("benchmarks.large.pages", str(options.rounds), env=env)
            if options.nights:
                _run("benchmarks.large.nights", env=env)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sekimori-bench-") as name:
        folder = kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # PostgreSQL may run under another account
        yield folder.resolve()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pages and nights of a large installation.")
    parser.add_argument("--rows", type=int, default=20_000_000, help="rows of reports at least (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each address is asked (default: %(default)s)")
    parser.add_argument("--nights", type=int, default=1, help="0 leaves the nights out")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the filled database, and take the one kept there"
    )
    return parser.parse_args()


def _run(module: str, *arguments: str, env: dict[str, str]) -> str:
    """Run a step in a process of its own, pass on what it prints, and answer the last line of it."""
    last = ""
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as step:
        for last in step.stdout or ():
            print(last, end="", flush=True)
    if step.returncode:
        sys.exit(step.returncode)
    return last


def _tell_sizes(places: Places, *, rows: int) -> None:
    with psycopg.connect(host=str(places.sockets), user=DATABASE_USER, dbname=NAME) as connection:
        for table, data, indexes in connection.execute(_SIZES):
            per_row = {"table_bytes_per_row": round(data / rows, 1), "index_bytes_per_row": round(indexes / rows, 1)}
            print(json.dumps({"table": table, "rows_of_reports": rows, **per_row}), flush=True)


if __name__ == "__main__":
    main()
