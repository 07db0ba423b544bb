"""Owns one Postfix with its own configuration and queue: SMTP in, milter, every accepted message on to the sink."""

from __future__ import annotations

import pwd
import shutil
from pathlib import Path

from tests.mailhost.daemon import Daemon, free_port, listens
from tests.mailhost.programs import program

_MAIN = """\
compatibility_level = 3.6
myhostname = mx.example.com
myorigin = example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = all
mynetworks = 192.0.2.128/25
queue_directory = {queue}
data_directory = {data}
daemon_directory = {daemons}
command_directory = /usr/sbin
maillog_file = {log}
maillog_file_prefixes = {directory}
relay_domains = example.com, none.example, norecord.example
relay_recipient_maps =
relay_transport = {transport}
local_recipient_maps =
local_transport = error:no local mail
alias_maps =
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_milters = {milter}
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
milter_default_action = tempfail
milter_protocol = 6
milter_connect_timeout = 3s
milter_command_timeout = 10s
milter_content_timeout = 30s
header_checks = regexp:{directory}/header_checks
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
# The line that docs/filters.md gives: nobody outside may bring results in our name along.
_HEADER_CHECKS = r"""
/^Authentication-Results:[[:space:]]*mx\.example\.com[[:space:]]*(;|$)/i IGNORE
"""
_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


class Postfix:
    """SMTP on 127.0.0.1:``port``; loopback may name any client address by XCLIENT.

    ``transport`` is where accepted mail goes, as a line of main.cf has it; ``services`` are further lines of master.cf.
    """

    def __init__(self, directory: Path, *, transport: str, milter: Path | None = None, services: str = "") -> None:
        self.port = free_port()
        self._directory = directory
        queue, data = directory / "queue", directory / "data"
        main = _MAIN.format(
            queue=queue, data=data, daemons=program("master").parent, log=directory / "mail.log",
            directory=directory, transport=transport, milter=f"unix:{milter}" if milter else "",
        )  # fmt: skip
        (directory / "main.cf").write_text(main)
        (directory / "master.cf").write_text(_MASTER.format(port=self.port) + services)
        (directory / "header_checks").write_text(_HEADER_CHECKS)
        _make_queue(queue, data=data)
        self._daemon = Daemon([program("master"), "-d", "-c", directory], log=directory / "master.log")

    @property
    def log(self) -> str:
        """What Postfix has written to its mail log so far."""
        path = self._directory / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start and wait until SMTP is accepted."""
        self._daemon.start(lambda: listens(self.port))

    def stop(self) -> None:
        """End master and all its children."""
        self._daemon.stop()


def _make_queue(queue: Path, *, data: Path) -> None:
    """Make the directories that `postfix check` would make, with the owners that the daemons insist on."""
    uid = pwd.getpwnam("postfix").pw_uid
    for path in (data, *(queue / name for name in (*_QUEUES, "public", "maildrop"))):
        path.mkdir(parents=True, mode=0o700)
        shutil.chown(path, uid)
    for name, mode in (("public", 0o2710), ("maildrop", 0o1730)):
        shutil.chown(queue / name, group="postdrop")
        (queue / name).chmod(mode)
    (queue / "pid").mkdir(mode=0o755)
