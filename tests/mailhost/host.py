"""Owns one whole mail host (DNS, Valkey, Rspamd with our plugin, Postfix, sink) as a test sees it: policy in, mail in, verdicts out."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.mailhost import zones
from tests.mailhost.daemon import wait_until
from tests.mailhost.dkim_keys import DkimKey, make_key
from tests.mailhost.letters import Reply, letter, submit
from tests.mailhost.nameserver import NameServer
from tests.mailhost.policies import policy
from tests.mailhost.postfix import Postfix
from tests.mailhost.rspamd import Rspamd
from tests.mailhost.sink import Delivered, Sink
from tests.mailhost.valkey import ValkeyServer

STREAM = "sekimori:events"


@contextmanager
def short_directory() -> Iterator[Path]:
    """Give a directory that every daemon user may enter, with a name short enough for Unix sockets in it."""
    with tempfile.TemporaryDirectory(prefix="sekimori-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o711)
        yield directory


@contextmanager
def name_server(*, records: Iterable[str], silent: Iterable[str] = ()) -> Iterator[NameServer]:
    """A running name server with a directory of its own."""
    with short_directory() as directory:
        server = NameServer(directory, records=records, silent=silent)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class MailHost:
    """A running mail host; every attribute is the real part."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.keys: dict[str, DkimKey] = {domain: make_key(domain) for domain in zones.SIGNERS}
        self.number = 0
        self.policy_dir = _policy_directory(directory)
        self.policy_file = self.policy_dir / "policy.json"
        self.dns = NameServer(_subdirectory(directory, "dns"), records=zones.records(self.keys.values()))
        self.valkey = ValkeyServer(_subdirectory(directory, "valkey"))
        self.sink = Sink()
        self.rspamd = Rspamd(
            _subdirectory(directory, "rspamd"), dns_port=self.dns.port, redis_socket=self.valkey.socket,
            policy_file=self.policy_file,
        )  # fmt: skip
        self.postfix = Postfix(
            _subdirectory(directory, "postfix"),
            milter=self.rspamd.socket,
            transport=f"smtp:[127.0.0.1]:{self.sink.port}",
        )

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[MailHost]:
        """Start everything, give the host, stop everything and remove its directory."""
        with short_directory() as directory, ExitStack() as stack:
            host = cls(directory)
            for part in (host.dns, host.valkey, host.sink, host.rspamd, host.postfix):
                stack.callback(part.stop)
                part.start()
            yield host

    def send(
        self, content: bytes | None = None, *, source: str = zones.VENDOR_SOURCE, sender: str = "bounce@example.net",
        recipients: Sequence[str] = ("staff@example.com",), login: str | None = None,
    ) -> Reply:  # fmt: skip
        """Send one letter (default: From hr@example.com) as if ``source`` had connected to Postfix."""
        return submit(
            content or letter(),
            port=self.postfix.port,
            source=source,
            sender=sender,
            recipients=recipients,
            login=login,
        )

    def delivered(self, reply: Reply) -> Delivered:
        """Return the letter behind an accepting ``reply`` as it was delivered."""
        return self.sink.wait_for(reply.message_id)

    def write_policy(self, document: bytes | Mapping[str, Any]) -> None:
        """Put a policy in place as the agent does (write aside, rename); bytes are written as they are."""
        content = (
            document
            if isinstance(document, bytes)
            else json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        )
        aside = self.policy_dir / ".policy.json.new"
        aside.write_bytes(content)
        aside.chmod(0o640)
        aside.rename(self.policy_file)

    def obey(self, *rules: Mapping[str, Any], **settings: Any) -> None:
        """Put a policy of these rules in place, numbered above every earlier one; ``settings`` as policies.policy()."""
        self.number += 1
        self.write_policy(policy(*rules, number=self.number, **settings))

    def reset(self) -> None:
        """Become a host that never had a policy: no file, no number remembered, no events."""
        self.rspamd.stop()
        self.policy_file.unlink(missing_ok=True)
        self.valkey.client.flushall()
        self.number = 0
        self.rspamd.start()

    def stream(self) -> list[dict[str, str]]:
        """Return the fields of every entry of the event stream so far, oldest first."""
        entries: Any = self.valkey.client.xrange(STREAM)
        return [fields for _entry, fields in entries]

    def events(self) -> list[dict[str, Any]]:
        """Return the failing messages in the event stream so far, oldest first."""
        return [json.loads(fields["event"]) for fields in self.stream() if "event" in fields]

    def wait_for_events(self, count: int) -> list[dict[str, Any]]:
        """Return the events once there are at least ``count``."""
        wait_until(lambda: len(self.events()) >= count, seconds=10, what=f"{count} events")
        return self.events()


def _policy_directory(directory: Path) -> Path:
    """Make the agent's directory as docs/filters.md has it: what is written there, the filter's group may read."""
    path = _subdirectory(directory, "policy")
    shutil.chown(path, group="_rspamd")
    path.chmod(0o2750)
    return path


def _subdirectory(directory: Path, name: str) -> Path:
    path = directory / name
    path.mkdir(mode=0o755)
    return path
