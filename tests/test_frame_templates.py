"""Rules about all templates and style sheets: strict policy, known icons, addresses that resolve."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage
from django.template import Engine

from dmarcsite.look.badges import BADGES
from dmarcsite.look.navigation import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SPRITE = (ROOT / "static" / "vendor" / "bootstrap-icons" / "sprite.svg").read_text()
ICONS = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}", re.DOTALL)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_compiles(path: Path) -> None:
    assert Engine.get_default().get_template(name_of(path)).name == name_of(path)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_asks_nothing_of_the_content_security_policy(path: Path) -> None:
    text = COMMENT.sub("", path.read_text())
    assert re.findall(r"\sstyle\s*=", text) == []
    assert re.findall(r"<style", text) == []
    assert re.findall(r"\son[a-z]+\s*=", text) == []
    assert re.findall(r"javascript:", text) == []
    assert [
        tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag and "application/json" not in tag
    ] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_escapes_everything(path: Path) -> None:
    text = COMMENT.sub("", path.read_text())
    assert re.findall(r"\|\s*safe\b|autoescape off", text) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_loads_nothing_from_another_host(path: Path) -> None:
    text = COMMENT.sub("", path.read_text())
    assert re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', text) == []


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    named = {icon for path in TEMPLATES for icon in re.findall(r'{% icon "([^"]+)"', path.read_text())}
    named |= {badge.icon for family in BADGES.values() for badge in family.values()}
    named |= {door.icon for _, doors in SECTIONS for door in doors}
    assert named - ICONS == set()


def test_the_style_sheets_name_only_files_that_exist(tmp_path: Path) -> None:
    storage = ManifestStaticFilesStorage(location=tmp_path, base_url="/static/")
    found: dict[str, tuple[FileSystemStorage, str]] = {}
    for finder in get_finders():
        for path, source in finder.list([]):
            if path.startswith(("css/", "vendor/", "img/", "js/")):
                with source.open(path) as content:
                    storage.save(path, content)
                found[path] = (storage, path)
    results = {name: done for name, _, done in storage.post_process(found)}
    assert "All" not in results
    assert [name for name, done in results.items() if isinstance(done, Exception)] == []
    assert "css/app.css" in results
