"""`python -m tests.project.translations`: every message of code and templates has a Japanese one, none of them fuzzy.

Gathers the messages afresh in a copy, so that the catalogues in the work tree stay as they are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent.parent
SHOWN = 20


def copy_of_the_sources(target: Path) -> None:
    """Copy what git tracks or would track; makemessages writes beside the sources."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def untranslated(root: Path) -> list[str]:
    """Where a message lacks its translation, as "file: message"."""
    return [
        f"{catalogue.relative_to(root)}: {entry.msgid}"
        for catalogue in sorted(root.glob("*/locale/ja/LC_MESSAGES/django.po"))
        for entry in polib.pofile(str(catalogue))
        if not entry.obsolete and not entry.translated()
    ]


def main() -> int:
    if shutil.which("xgettext") is None:
        print("translations: not checked, gettext is not installed")
        return int(os.environ.get("CI") == "true")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_of_the_sources(root)
        subprocess.run(
            [sys.executable, "manage.py", "makemessages", "--locale", "ja", "--no-obsolete", "--verbosity", "0"],
            cwd=root,
            check=True,
        )
        missing = untranslated(root)
    for line in missing[:SHOWN]:
        print(line)
    print(f"translations: {len(missing)} messages have no Japanese" if missing else "translations: complete")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
