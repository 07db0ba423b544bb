"""Owns the agent on the mail host: installed from what the enrolment page shows, run as one file, watched by its log."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exceptions.agent.bundle import bundle
from tests.mailhost.daemon import Daemon, wait_until
from tests.mailhost.host import STREAM, MailHost

PATIENCE = 30.0


class Agent:
    """`sekimori-agent` beside the filter of `host`; must be told token and configuration before it starts."""

    def __init__(self, host: MailHost, directory: Path) -> None:
        self._host, self._directory = host, directory
        self._program = directory / "sekimori-agent.pyz"
        self._program.write_bytes(bundle())
        self._config = directory / "sekimori-agent.toml"
        self._daemon = Daemon(
            [sys.executable, self._program, "--config", self._config], log=directory / "agent.log", directory=directory
        )

    def install(self, *, token: str, configuration: str) -> None:
        """Put down what the page of the node shows, with the places of this host in it."""
        token_file = self._directory / "token"
        token_file.touch(mode=0o600)
        token_file.write_text(token + "\n")
        places = {
            "token_file": token_file,
            "directory": self._host.policy_dir,
            "redis": self._host.valkey.socket,
            "stream": STREAM,
        }
        kept = [line for line in configuration.splitlines() if line.partition(" ")[0] not in places]
        self._config.write_text("\n".join([*kept, *(f'{key} = "{place}"' for key, place in places.items()), ""]))

    def start(self) -> None:
        """Start (again) and wait until it has taken a policy from the server."""
        before = len(self.happenings("policy_live"))
        self._daemon.start(lambda: len(self.happenings("policy_live")) > before)

    def stop(self) -> None:
        """End it; safe to call twice."""
        self._daemon.stop()

    def happenings(self, event: str) -> list[dict[str, Any]]:
        """What the agent has logged under this name so far, oldest first."""
        text = self._daemon.log.read_text() if self._daemon.log.exists() else ""
        lines = (json.loads(line) for line in text.splitlines() if line.endswith("}"))
        return [line for line in lines if line["event"] == event]

    def wait_for_refusal(self, code: str, *, while_doing: Callable[[], object] = lambda: None) -> None:
        """Wait until the agent has refused a policy for this reason once more than before `while_doing`."""
        before = self._refusals(code)
        while_doing()
        wait_until(lambda: self._refusals(code) > before, seconds=PATIENCE, what=f"the agent refuses with {code}")

    @property
    def live(self) -> tuple[bytes, str]:
        """The policy on disk, byte for byte, and its signature."""
        directory = self._host.policy_dir
        return (directory / "policy.json").read_bytes(), (directory / "policy.json.sig").read_text().strip()

    def _refusals(self, code: str) -> int:
        return sum(line["code"] == code for line in self.happenings("policy_kept"))
