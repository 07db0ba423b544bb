"""The policy on this host's disk: written so that a reader, or a power cut, finds the old one or the new one, whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from exceptions.agent.judge import Floor
from exceptions.engine.policy import Policy
from exceptions.errors import AgentError, CodedError

_MODE = 0o640


@dataclass(frozen=True, slots=True)
class State:
    """What the agent remembers beside the policy; times in epoch seconds, 0 and "" where there is nothing yet."""

    number: int = 0
    sha256: str = ""
    live_since: int = 0
    last_fetch_at: int = 0
    last_error: str = ""

    @property
    def floor(self) -> Floor:
        return Floor(self.number, self.sha256)


class PolicyStore:
    """policy.json, policy.json.sig and state.json in one directory that the filter may read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._policy = directory / "policy.json"
        self._signature = directory / "policy.json.sig"
        self._state = directory / "state.json"

    def lock(self) -> IO[str]:
        """Keep every other agent out of the directory while the file is open; raises AgentError("already_running")."""
        try:
            held = (self._directory / "lock").open("w")
        except OSError as error:
            raise AgentError("directory_unusable", reason=str(error)) from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise AgentError("already_running") from None
        return held

    def load(self, check: Callable[[bytes, str], Policy]) -> tuple[bytes, Policy] | None:
        """The policy on disk if `check` takes it; None where there is none. Raises what `check` raises; only reads.

        The signature is moved before the policy. After a power cut between the two moves the new policy still lies
        beside the old one, and is read if only it fits the signature.
        """
        failure: CodedError | None = None
        for path in (self._policy, _beside(self._policy)):
            try:
                body, signature = path.read_bytes(), self._signature.read_text("ascii")
                return body, check(body, signature)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                failure = failure or AgentError("disk_unreadable", reason=str(error))
            except CodedError as error:
                failure = failure or error
        if failure:
            raise failure
        return None

    def save(self, body: bytes, signature: str) -> None:
        """Make this policy live; raises AgentError("disk_failed") and leaves the old one."""
        try:
            _write(_beside(self._policy), body)
            _write(_beside(self._signature), signature.encode())
            _beside(self._signature).replace(self._signature)
            _beside(self._policy).replace(self._policy)
            _sync(self._directory)
        except OSError as error:
            raise AgentError("disk_failed", reason=str(error)) from None

    def settle(self, body: bytes) -> None:
        """Finish what a power cut left open in `save`: `body` is what `load` returned."""
        try:
            if not self._policy.exists() or self._policy.read_bytes() != body:
                _beside(self._policy).replace(self._policy)
            for path in (self._policy, self._signature, self._state):
                _beside(path).unlink(missing_ok=True)
        except OSError as error:
            raise AgentError("disk_failed", reason=str(error)) from None

    def read_state(self) -> State:
        """What was remembered; nothing where the file is missing or damaged."""
        try:
            given = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return State()
        fresh = asdict(State())
        if not isinstance(given, dict) or {k: type(v) for k, v in given.items()} != {
            k: type(v) for k, v in fresh.items()
        }:
            return State()
        return State(**given)

    def write_state(self, state: State) -> None:
        """Raises AgentError("disk_failed")."""
        try:
            _write(_beside(self._state), json.dumps(asdict(state)).encode())
            _beside(self._state).replace(self._state)
        except OSError as error:
            raise AgentError("disk_failed", reason=str(error)) from None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), _MODE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
