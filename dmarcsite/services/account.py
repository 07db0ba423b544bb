"""Under which account the services run, and whether it reaches their folders. Only root ever changes accounts."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dmarcsite.services.errors import CannotStart

NAME = "sekimori-services"


@dataclass(frozen=True)
class Account:
    """The user and group that own the services' folders and run their programs."""

    uid: int
    gid: int


def services_account() -> Account:
    """The account for PostgreSQL and Valkey: our own, but for root a system account made on first use.

    PostgreSQL refuses to run as root. Raises CannotStart where root cannot make the account.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _made()
    return Account(entry.pw_uid, entry.pw_gid)


def _made() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise CannotStart(f"PostgreSQL does not run as root, and there is no useradd here: make the account {NAME}.")
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run([*command, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, text=True, check=False)  # noqa: S603  a fixed command
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        raise CannotStart(f"The account {NAME} for PostgreSQL cannot be made: {done.stderr.strip()}.") from None


def private_folder(path: Path, *, account: Account) -> None:
    """Make sure that `path` is a folder of this account that nobody else may enter (mode 0700).

    Raises CannotStart when it is a link, a file, or somebody else's, as a name in /tmp may be.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.geteuid()}:
        raise CannotStart(f"{path} belongs to another account or is no folder: remove it, then start again.")
    if found.st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)


def open_the_way(path: Path, *, account: Account) -> list[Path]:
    """Let another account pass through the folders above `path`; return those that were changed.

    Only the right to pass (o+x) is given, never to list or to read. Does nothing unless root runs the services.
    """
    if account.uid == os.geteuid():
        return []
    changed = []
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            changed.append(folder)
    return changed
