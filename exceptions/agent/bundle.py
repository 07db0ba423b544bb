"""Packs the agent into one file for a mail host that has python3 and python3-cryptography but not this product."""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "exceptions/__init__.py",
    "exceptions/errors.py",
    "exceptions/signing.py",
    "exceptions/vocabulary.py",
    "exceptions/engine/*.py",
    "exceptions/agent/*.py",
)
MAIN = b"import sys\n\nfrom exceptions.agent.__main__ import main\n\nsys.exit(main())\n"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same sources always give the same file, so that a host's copy can be compared by its hash."""


def bundle() -> bytes:
    """The whole executable archive: a line for the shell, then a zip file (PEP 441)."""
    content = io.BytesIO()
    content.write(b"#!/usr/bin/python3\n")
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        for pattern in PARTS:
            for path in sorted(ROOT.glob(pattern)):
                _add(archive, str(path.relative_to(ROOT)), path.read_bytes())
        _add(archive, "__main__.py", MAIN)
    return content.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m exceptions.agent.bundle", description=__doc__)
    parser.add_argument("target", type=Path)
    target: Path = parser.parse_args(arguments).target
    target.write_bytes(bundle())
    target.chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main())
