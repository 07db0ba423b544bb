"""Settings: each is documented, and an https address turns on all that Django knows to protect."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def names_read() -> set[str]:
    """The variables that settings.py reads: the first argument of each call of a method of `env`."""
    calls = [
        node for node in ast.walk(ast.parse((ROOT / "dmarcsite/settings.py").read_text())) if isinstance(node, ast.Call)
    ]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
    }


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with nothing but these variables set."""
    base = {name: value for name, value in os.environ.items() if name not in names_read()}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=base | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_variable_that_is_read_is_documented_and_no_other():
    documented = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == names_read()


def test_nothing_but_the_settings_reads_the_environment():
    readers = {
        str(path.relative_to(ROOT))
        for app in ("dmarcsite", "reports", "exceptions")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"\bos\.(environ\.get|environ\[|getenv)", path.read_text())
    }
    assert readers <= {"dmarcsite/env.py"}


def test_an_https_address_leaves_nothing_for_check_deploy_to_complain_about(tmp_path):
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING",
        SEKIMORI_BASE_URL="https://dmarc.example.com", SEKIMORI_VAR_DIR=str(tmp_path),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), done.stderr


@pytest.mark.parametrize(
    "address", ["http://dmarc.example.com", "http://192.0.2.1:8000", "dmarc.example.com", "ftp://localhost"]
)
def test_plain_http_is_refused_for_everything_but_this_machine(address, tmp_path):
    done = manage("check", SEKIMORI_BASE_URL=address, SEKIMORI_VAR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("SEKIMORI_BASE_URL ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_plain_http_is_allowed_on_this_machine(address, tmp_path):
    done = manage("check", SEKIMORI_BASE_URL=address, SEKIMORI_VAR_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_generated_secrets_are_private_and_stay_the_same(tmp_path):
    def keys() -> list[tuple[str, str, int]]:
        return [(p.name, p.read_text(), p.stat().st_mode & 0o777) for p in sorted((tmp_path / "secrets").iterdir())]

    manage("check", SEKIMORI_VAR_DIR=str(tmp_path))
    first = keys()
    manage("check", SEKIMORI_VAR_DIR=str(tmp_path))
    assert [(name, mode) for name, _, mode in first] == [("django.key", 0o600), ("encryption.key", 0o600)]
    assert keys() == first
    assert first[0][1] != first[1][1]


def test_a_secret_file_that_cannot_be_read_is_one_sentence(tmp_path):
    ended = manage("check", SEKIMORI_SECRET_KEY_FILE=str(tmp_path / "none"))
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1] == (
        f"SEKIMORI_SECRET_KEY_FILE names {tmp_path / 'none'}, which cannot be read: No such file or directory."
    )


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "password").write_text("correct-horse-9\n")
    program = "from django.conf import settings; print(settings.ADMIN_PASSWORD)"
    shown = manage("shell", "--no-imports", "-c", program, SEKIMORI_ADMIN_PASSWORD_FILE=str(tmp_path / "password"))
    assert shown.stdout == "correct-horse-9\n"


def mail_settings(**environment: str) -> str:
    program = (
        "from django.conf import settings as s; "
        "print(s.EMAIL_BACKEND.split('.')[-2], s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_USE_TLS, s.HAS_MAIL_SERVER)"
    )
    return manage("shell", "--no-imports", "-c", program, **environment).stdout


def test_without_a_mail_server_nothing_is_sent_and_nothing_is_printed(tmp_path):
    assert mail_settings(SEKIMORI_VAR_DIR=str(tmp_path)) == "dummy None None False False\n"


def test_a_mail_server_is_spoken_to_with_tls(tmp_path):
    url = "submission://user:password@mail.example.com"
    shown = mail_settings(EMAIL_URL=url, SEKIMORI_VAR_DIR=str(tmp_path))
    assert shown == "smtp mail.example.com 587 True True\n"


@pytest.mark.parametrize(
    "url", ["smtp+tls://user:password@mail.example.com", "consolemail://", "console://", "file:///x"]
)
def test_a_mail_server_of_another_kind_is_one_sentence(url, tmp_path):
    ended = manage("check", EMAIL_URL=url, SEKIMORI_VAR_DIR=str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith("EMAIL_URL must be like submission://")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a whole number, 0 or more, not 'http'."),
        ("SEKIMORI_PROXIES", "-1", "SEKIMORI_PROXIES must be a whole number, 0 or more, not '-1'."),
        ("SEKIMORI_UPLOAD_LIMIT_MIB", "0", "SEKIMORI_UPLOAD_LIMIT_MIB must be a whole number, 1 or more, not '0'."),
        ("DEMO", "maybe", "DEMO must be 1 or 0, not 'maybe'."),
        ("SEKIMORI_LOG_LEVEL", "loud", "SEKIMORI_LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'."),
        *(
            (name, value, f"{name} must name a PostgreSQL database (postgres://user:password@host/name).")
            for name in ("DATABASE_URL", "DATABASE_READ_URL")
            for value in ("hidden", "mysql://a:hidden@h/n", "postgres://a:hidden@h:port/n", "postgres://[a:hidden")
        ),
        *(
            (
                "REDIS_URL",
                value,
                "REDIS_URL must be like redis://host:6379/0, rediss://host:6379/0 or unix:///path?db=0.",
            )
            for value in ("hidden", "http://:hidden@h")
        ),
        (
            "SEKIMORI_VAR_DIR",
            "/dev/null/var",
            "SEKIMORI_SECRET_KEY is not set, and /dev/null/var/secrets/django.key can be neither read nor made (Not a directory): "
            "run this as the account that Sekimori runs as, or correct SEKIMORI_VAR_DIR.",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence_without_a_password(name, value, sentence, tmp_path):
    ended = manage("check", **{"SEKIMORI_VAR_DIR": str(tmp_path), name: value})
    assert (ended.returncode, ended.stderr) == (1, f"{sentence}\n")


@pytest.mark.parametrize("command", [["check_rollups"], ["rotate_keys"], ["reread", "--all"]])
def test_a_database_that_is_away_is_one_sentence_without_a_password(command, tmp_path):
    ended = manage(*command, DATABASE_URL="postgres://a:hidden@127.0.0.1:1/n", SEKIMORI_VAR_DIR=str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "Connection refused" in ended.stderr
    assert "hidden" not in ended.stderr


@pytest.mark.parametrize(
    "name",
    [
        "PORT",
        "SEKIMORI_PROXIES",
        "SEKIMORI_UPLOAD_LIMIT_MIB",
        "DEMO",
        "SEKIMORI_LOG_LEVEL",
        "DATABASE_URL",
        "REDIS_URL",
    ],
)
def test_a_setting_that_is_set_to_nothing_counts_as_not_set(name, tmp_path):
    assert manage("check", **{"SEKIMORI_VAR_DIR": str(tmp_path), name: ""}).returncode == 0


@pytest.mark.parametrize(("name", "value"), [("PORT", "http"), ("SEKIMORI_VAR_DIR", "/dev/null/var")])
def test_a_setting_that_cannot_be_used_does_not_send_a_mail_back(name, value, tmp_path):
    ended = manage("ingest_mail", **{"SEKIMORI_VAR_DIR": str(tmp_path), name: value})
    assert (ended.returncode, ended.stderr.count("\n")) == (os.EX_TEMPFAIL, 1)


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("https://dmarc.example.com", ["dmarc.example.com"]),
        ("http://127.0.0.1:8000", ["127.0.0.1", "[::1]", "localhost"]),
    ],
)
def test_loopback_names_are_answered_on_this_machine_only(address, hosts, tmp_path):
    program = "from django.conf import settings; print(sorted(settings.ALLOWED_HOSTS))"
    shown = manage(
        "shell", "--no-imports", "-c", program, SEKIMORI_BASE_URL=address, SEKIMORI_VAR_DIR=str(tmp_path)
    )  # fmt: skip
    assert shown.stdout == f"{hosts}\n"
