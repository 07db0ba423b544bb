"""The daemons of the tests start, answer, and leave nothing behind."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.mailhost.daemon import Daemon, NotReady, free_port, listens, wait_until
from tests.mailhost.dovecot import Dovecot
from tests.mailhost.letters import letter, message_id

_ROOT = Path(__file__).parents[2]

# A daemon with a child that ignores SIGTERM, as the worst of them do.
_STUBBORN = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open({mark!r}, "w").write(str(os.getpid()))
time.sleep(600)
"""


# A test run that is killed while its daemon runs.
_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.mailhost.daemon import Daemon
daemon = Daemon(["sleep", "600"], log=Path({log!r}))
# Ready once `setpriv` has become `sleep`: before that nothing ties it to this process yet.
daemon.start(lambda: Path(f"/proc/{{daemon.pid}}/comm").read_text() == "sleep\\n")
print(daemon.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def lives(pid: int) -> bool:
    """Say whether the process runs; one that ended but was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_daemon_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    daemon = Daemon([sys.executable, "-c", "raise SystemExit('bad configuration')"], log=tmp_path / "log")
    with pytest.raises(NotReady, match="bad configuration"):
        daemon.start(lambda: False)


def test_stopping_a_daemon_ends_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    daemon = Daemon([sys.executable, "-c", _STUBBORN.format(mark=str(mark))], log=tmp_path / "log")
    daemon.start(lambda: mark.exists() and bool(mark.read_text()))
    parent, child = daemon.pid, int(mark.read_text())
    assert lives(parent)
    assert lives(child)
    daemon.stop()
    assert not lives(parent)
    assert not lives(child)


def test_a_daemon_ends_when_its_test_run_is_killed(tmp_path: Path) -> None:
    script = _KILLED.format(log=str(tmp_path / "log"))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=_ROOT)
    assert run.returncode == -signal.SIGKILL
    wait_until(lambda: not lives(int(run.stdout)), seconds=10, what="end of the daemon")


def test_imap_offers_starttls_and_tls_under_its_own_authority(dovecot: Dovecot) -> None:
    dovecot.add_user("tls@example.com", password="secret", folders=["Done"])
    trust = ssl.create_default_context(cafile=str(dovecot.ca_file))
    with IMAPClient(dovecot.host, port=dovecot.imap_port, ssl=False) as client:
        assert b"STARTTLS" in client.capabilities()
        client.starttls(trust)
        client.login("tls@example.com", "secret")
        assert {name for _flags, _delimiter, name in client.list_folders()} == {"INBOX", "Done"}
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(dovecot.host, port=dovecot.imaps_port, ssl_context=ssl.create_default_context())


def test_imap_keeps_a_message_as_it_was_put_in(dovecot: Dovecot) -> None:
    dovecot.add_user("keep@example.com", password="secret")
    content = letter()
    dovecot.append("keep@example.com", content)
    [(kept, flags)] = dovecot.messages("keep@example.com")
    assert kept == content
    assert b"\\Seen" not in flags
    assert message_id(kept).startswith("<")


def test_a_free_port_has_no_listener() -> None:
    assert not listens(free_port())
