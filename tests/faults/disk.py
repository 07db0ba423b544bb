"""Owns the small disk under a lane's PostgreSQL, so that "full" is the kernel's own answer (ENOSPC) and harms nobody else."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

SIZE_MIB = 700
BALLAST = "ballast"


def mount(folder: Path) -> bool:
    """Mount a small disk in memory there; False where this machine does not let us (it takes root and CAP_SYS_ADMIN)."""
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0711", "tmpfs", str(folder)]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    """Take the disk away, whoever still looks at it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, leave: int) -> None:
    """Leave so many bytes free."""
    with (folder / BALLAST).open("wb") as ballast:
        while True:
            try:
                os.posix_fallocate(ballast.fileno(), 0, max(1, shutil.disk_usage(folder).free - leave))
            except OSError as error:  # somebody has written since it was looked at
                if error.errno != errno.ENOSPC:
                    raise
            else:
                return


def empty(folder: Path) -> None:
    """Give the room back."""
    (folder / BALLAST).unlink(missing_ok=True)
