"""Owns one Rspamd: Debian's stock configuration, our shipped plugin tree, and only the modules that a verdict needs."""

from __future__ import annotations

import pwd
import shutil
from pathlib import Path

from tests.mailhost.daemon import Daemon, listens_at
from tests.mailhost.programs import program

SHIPPED = Path(__file__).resolve().parents[2] / "exceptions" / "rspamd"
_STOCK = Path("/etc/rspamd/rspamd.conf")
_STOCK_MODULES = Path("/etc/rspamd/modules.d")
_NEEDED = {"dkim", "dmarc", "force_actions", "milter_headers", "redis", "spf"}
_LOCAL = {
    "options.inc": """\
filters = "dkim";
disable_hyperscan = true;
url_tld = "{suffixes}";
dns {{ nameserver = ["127.0.0.1:{dns_port}:1"]; timeout = 1s; retransmits = 2; }}
local_addrs = "192.0.2.128/25";
""",
    "worker-normal.inc": "enabled = false;\n",
    "worker-controller.inc": "enabled = false;\n",
    "worker-proxy.inc": """\
bind_socket = "{socket} mode=0660 owner=_rspamd group=postfix";
milter = yes; count = 1; timeout = 30s;
upstream "local" {{ default = yes; self_scan = yes; }}
""",
    "logging.inc": 'type = "console"; level = "info"; color = false;\n',
    "actions.conf": "reject = 1000; add_header = 900; greylist = null;\n",
    # Another filter with a will of its own: it refuses mail that shouts, whatever we think of its author.
    "force_actions.conf": """\
rules {{
  SHOUTING {{
    action = "reject"; expression = "SUBJ_ALL_CAPS"; message = "please do not shout"; honor_action = ["reject"];
  }}
}}
""",
}
# Compiling the whole public suffix list takes Rspamd six seconds at each start; these suffixes decide the same here.
_SUFFIXES = "com\nnet\norg\nexample\n"
# The shipped file names the places of a real host; a test host has its own.
_PLACES = 'policy = "{policy}";\nservers = "{redis}";\n'


class Rspamd:
    """Milter at the Unix socket ``socket``; ``config`` is its own configuration tree with a copy of our plugin."""

    def __init__(self, directory: Path, *, dns_port: int, redis_socket: Path, policy_file: Path) -> None:
        self.socket = directory / "milter.sock"
        self._directory = directory
        owner = pwd.getpwnam("_rspamd")
        shutil.chown(directory, owner.pw_uid, owner.pw_gid)
        self.config = config = directory / "etc"
        shutil.copytree(SHIPPED, config)
        local = config / "local.d"
        local.mkdir(exist_ok=True)
        suffixes = config / "suffixes"
        suffixes.write_text(_SUFFIXES)
        for name, text in _LOCAL.items():
            filled = text.format(dns_port=dns_port, socket=self.socket, suffixes=suffixes)
            (local / name).write_text(filled)
        for module in _STOCK_MODULES.glob("*.conf"):
            if module.stem not in _NEEDED:
                (local / module.name).write_text("enabled = false;\n")
        override = config / "override.d"
        override.mkdir()
        (override / "sekimori.conf").write_text(_PLACES.format(policy=policy_file, redis=redis_socket))
        places = {"LOCAL_CONFDIR": config, "RUNDIR": directory, "DBDIR": directory, "LOGDIR": directory}
        self._daemon = Daemon(
            [program("rspamd"), "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", _STOCK,
             *(f"--var={name}={place}" for name, place in places.items())],
            log=directory / "rspamd.log",
        )  # fmt: skip

    @property
    def log(self) -> str:
        """What Rspamd has logged so far."""
        return self._daemon.log.read_text(errors="replace")

    def start(self) -> None:
        """Start (again) and wait until the milter socket accepts."""
        self.socket.unlink(missing_ok=True)
        self._daemon.start(lambda: listens_at(self.socket))

    def restart(self) -> None:
        """Start afresh, with the configuration as it is now."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """End the main process and its workers."""
        self._daemon.stop()
