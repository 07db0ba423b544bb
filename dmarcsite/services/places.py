"""Where one set of embedded services lives: a folder, and Unix sockets in another. Starts nothing, reads no setting."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# sun_path holds 108 bytes with its final zero (unix(7)); this is the longest name in the folder.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
DATABASE = "sekimori"
DATABASE_USER = "sekimori"


@dataclass(frozen=True)
class Places:
    """The folders and addresses of the services below `var` (absolute)."""

    var: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        """Where Valkey keeps its snapshot."""
        return self.var / "valkey"

    @property
    def logs(self) -> Path:
        """What the services said; the log of the run before ends in `.old`."""
        return self.var / "log"

    @property
    def sockets(self) -> Path:
        """The private folder with the sockets: `run`, or a short name in /tmp where that path would be too long."""
        usual = self.var / "run"
        if len(bytes(usual)) <= LONGEST_SOCKET_FOLDER:
            return usual
        # The same name in every shell, whatever TMPDIR says; owner and mode are checked before use.
        return Path("/tmp") / f"sekimori-{hashlib.sha256(bytes(self.var)).hexdigest()[:16]}"  # noqa: S108

    @property
    def valkey_socket(self) -> Path:
        """The socket that Valkey listens on."""
        return self.sockets / "valkey.sock"

    @property
    def database_url(self) -> str:
        """DATABASE_URL of the embedded PostgreSQL."""
        return f"postgres://{DATABASE_USER}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        """REDIS_URL of the embedded Valkey."""
        return f"unix://{quote(str(self.valkey_socket))}?db=0"
