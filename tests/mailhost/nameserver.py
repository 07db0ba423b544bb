"""Owns one unbound that answers from given records only and never asks the network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.mailhost.daemon import Daemon, free_port
from tests.mailhost.programs import program

_CONFIG = """\
server:
  interface: 127.0.0.1
  port: {port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  do-ip6: no
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  num-threads: 1
  local-zone: "." static
  local-zone: "2.0.192.in-addr.arpa." static
  local-zone: "100.51.198.in-addr.arpa." static
  local-zone: "113.0.203.in-addr.arpa." static
  local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." static
{data}
remote-control:
  control-enable: no
"""


class NameServer:
    """DNS on 127.0.0.1:``port``; a name without a record does not exist. Nothing at or below the ``silent`` names is answered."""

    def __init__(self, directory: Path, *, records: Iterable[str], silent: Iterable[str] = ()) -> None:
        self.port = free_port()
        config = directory / "unbound.conf"
        lines = [
            *(f'local-zone: "{name}." deny' for name in silent),
            *(f"local-data: '{record}'" for record in records),
        ]
        data = "\n".join(f"  {line}" for line in lines)
        config.write_text(_CONFIG.format(port=self.port, directory=directory, data=data))
        self._daemon = Daemon([program("unbound"), "-d", "-p", "-c", config], log=directory / "unbound.log")

    def start(self) -> None:
        """Start and wait for the first answer."""
        self._daemon.start(self._answers)

    def stop(self) -> None:
        """End the server."""
        self._daemon.stop()

    def _answers(self) -> bool:
        try:
            dns.query.udp(dns.message.make_query("example.com.", "TXT"), "127.0.0.1", port=self.port, timeout=0.2)
        except (dns.exception.DNSException, OSError):
            return False
        return True
