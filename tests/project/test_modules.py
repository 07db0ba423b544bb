"""The house rules that no linter knows: one module, one question; nothing hidden in functions, names or signals."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("dmarcsite", "reports", "exceptions")
MODULES = {
    str(path.relative_to(ROOT)): path.read_text()
    for app in APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
}
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "misc", "base", "manager", "common", "signals"}
# Django's own places, whose name says it all.
NEED_NO_DOCSTRING = {"__init__.py", "apps.py", "urls.py", "wsgi.py"}
SIGNALS = ("@receiver(", "post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed")


def hidden_imports(text: str, *, module: str) -> list[int]:
    """The lines of imports inside functions; AppConfig.ready is Django's own place for one."""
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (Path(module).name, node.name) != ("apps.py", "ready")
    ]
    return [
        inner.lineno for node in functions for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def test_no_module_is_longer_than_300_lines():
    assert {module: text.count("\n") for module, text in MODULES.items() if text.count("\n") > 300} == {}


def test_every_module_says_what_it_owns():
    silent = [module for module, text in MODULES.items() if not ast.get_docstring(ast.parse(text))]
    assert [module for module in silent if Path(module).name not in NEED_NO_DOCSTRING] == []


def test_no_import_hides_inside_a_function():
    found = {module: hidden_imports(text, module=module) for module, text in MODULES.items()}
    assert {module: lines for module, lines in found.items() if lines} == {}


def test_no_module_has_a_name_that_says_nothing():
    assert [module for module in MODULES if Path(module).stem in NAMES_THAT_SAY_NOTHING] == []


def test_no_module_listens_to_model_signals():
    assert {(module, word) for module, text in MODULES.items() for word in SIGNALS if word in text} == set()
