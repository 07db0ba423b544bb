"""Compiles the translations. Done by us and not by msgfmt, so that nobody needs gettext to run the product."""

from __future__ import annotations

import os
from pathlib import Path

import polib


def compile_catalogues(root: Path) -> None:
    """Write a .mo file beside every .po file below `root`/<app>/locale that is newer; safe to run twice at once."""
    for source in root.glob("*/locale/*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_suffix(f".{os.getpid()}.new")
        polib.pofile(str(source)).save_as_mofile(str(draft))
        draft.replace(target)
