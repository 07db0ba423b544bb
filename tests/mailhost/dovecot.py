"""Owns one Dovecot IMAP server: STARTTLS and implicit TLS under a CA of its own, users made by the test."""

from __future__ import annotations

import pwd
import shutil
import ssl
from collections.abc import Iterable
from pathlib import Path

from imapclient import IMAPClient

from tests.mailhost.certificates import Authority
from tests.mailhost.daemon import Daemon, free_port, listens
from tests.mailhost.programs import program

_CONFIG = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
instance_name = sekimori-test
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_dh =
disable_plaintext_auth = yes
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0 secs
mail_location = maildir:{directory}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {directory}/users/%u
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={directory}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service stats {{
  client_limit = 1000
}}
{more}
"""


class Dovecot:
    """IMAP at ``host``:``imap_port`` (STARTTLS offered) and ``host``:``imaps_port`` (TLS), trusted through ``ca_file``."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, *, mechanisms: str = "", more: str = "") -> None:
        self.imap_port, self.imaps_port = free_port(), free_port()
        self._directory = directory
        authority = Authority(directory)
        self.ca_file = authority.ca_file
        cert, key = authority.issue("localhost")
        owner = pwd.getpwnam("nobody")
        (directory / "mail").mkdir(mode=0o700)
        shutil.chown(directory / "mail", owner.pw_uid, owner.pw_gid)
        # One file each: Dovecot would not notice a second user added to the same file within a second.
        self._users = directory / "users"
        self._users.mkdir()
        config = directory / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                directory=directory,
                cert=cert,
                key=key,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                imap_port=self.imap_port,
                imaps_port=self.imaps_port,
                mechanisms=mechanisms,
                more=more,
            )
        )
        self._passwords: dict[str, str] = {}
        self._daemon = Daemon([program("dovecot"), "-F", "-c", config], log=directory / "master.log")

    def start(self) -> None:
        """Start (again) and wait until both ports accept."""
        self._daemon.start(lambda: listens(self.imap_port) and listens(self.imaps_port))

    def stop(self) -> None:
        """End the server; mail and users stay until the directory goes."""
        self._daemon.stop()

    def add_user(self, user: str, *, password: str, folders: Iterable[str] = ()) -> None:
        """Make a user with an empty INBOX and these further folders."""
        (self._users / user).write_text(f"{user}:{{PLAIN}}{password}\n")
        self._passwords[user] = password
        with self.connect(user) as client:
            for folder in folders:
                client.create_folder(folder)

    def connect(self, user: str) -> IMAPClient:
        """Return a logged-in client of this user over implicit TLS; use it as a context manager."""
        trust = ssl.create_default_context(cafile=str(self.ca_file))
        client = IMAPClient(self.host, port=self.imaps_port, ssl=True, ssl_context=trust)
        client.login(user, self._passwords[user])
        return client

    def append(self, user: str, content: bytes, *, folder: str = "INBOX") -> None:
        """Put one message, as it is, into a folder of the user."""
        with self.connect(user) as client:
            client.append(folder, content)

    def messages(self, user: str, *, folder: str = "INBOX") -> list[tuple[bytes, frozenset[bytes]]]:
        """Return (content, flags) of every message in the folder, oldest first."""
        with self.connect(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"])
            return [(data[b"BODY[]"], frozenset(data[b"FLAGS"])) for _uid, data in sorted(found.items())]

    @property
    def log(self) -> str:
        """What Dovecot has logged so far."""
        path = self._directory / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""
