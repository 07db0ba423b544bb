"""Third-party files are what their manifests say, with their licences beside them."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = [ROOT / "static" / "vendor", ROOT / "tests" / "vendor"]
FOLDER_IDS = ["served", "tests"]


def packages(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((folder / "VENDORED.toml").read_text())["package"]
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=FOLDER_IDS)
def test_no_file_lies_there_that_the_manifest_does_not_name(folder: Path) -> None:
    named = {file["path"] for package in packages(folder) for file in package["file"]}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there - {"VENDORED.toml"} == named


@pytest.mark.parametrize("folder", FOLDERS, ids=FOLDER_IDS)
def test_every_checksum_holds(folder: Path) -> None:
    for package in packages(folder):
        for file in package["file"]:
            assert hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() == file["sha256"], file["path"]


@pytest.mark.parametrize("folder", FOLDERS, ids=FOLDER_IDS)
def test_every_package_has_a_licence_text_beside_it(folder: Path) -> None:
    for package in packages(folder):
        assert [file for file in package["file"] if "LICENSE" in file["path"]], package["name"]


def test_a_shortened_file_is_the_published_one_without_its_named_tail() -> None:
    folder = FOLDERS[0]
    shortened = [file for package in packages(folder) for file in package["file"] if "removed_tail" in file]
    assert [file["path"] for file in shortened] == ["bootstrap/bootstrap.min.css"]
    for file in shortened:
        published = (folder / file["path"]).read_bytes() + file["removed_tail"].encode()
        assert hashlib.sha256(published).hexdigest() == file["upstream_sha256"]
