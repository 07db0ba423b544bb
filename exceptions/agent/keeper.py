"""Keeps the node's policy current: fetch, judge, save, report. On any error the last good policy stays as it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from exceptions.agent import backoff
from exceptions.agent.config import Config
from exceptions.agent.judge import check_clock, fingerprint, judge
from exceptions.agent.log import log, log_error
from exceptions.agent.server import LONG_POLL, FetchedPolicy, Server
from exceptions.agent.store import PolicyStore, State
from exceptions.engine import wire
from exceptions.engine.policy import Policy
from exceptions.errors import CodedError

AGENT_VERSION = "0.1.0"
SHORTEST_ROUND = 1.0
"""Seconds between two requests even if the server answers at once, as one that cannot hold requests does."""
STATUS_EVERY = 20.0


class PolicyKeeper:
    """The policy thread's state. `clock` returns epoch seconds."""

    def __init__(
        self, config: Config, *, server: Server, store: PolicyStore, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._server = server
        self._store = store
        self._clock = clock
        self._etag = ""
        self._failures = 0
        self._reported: State | None = None
        self._reported_at = 0.0
        self.state = store.read_state()
        self.live: Policy | None = None

    def look(self) -> bytes | None:
        """Verify what lies on disk and return its bytes, changing nothing there.

        If it is damaged it stays for the filter, which judges for itself, and `run` fetches it anew.
        """
        try:
            found = self._store.load(
                lambda body, signature: judge(body, signature, config=self._config, floor=self.state.floor)
            )
        except CodedError as error:
            log_error("policy_on_disk_refused", error)
            self.state = replace(self.state, last_error=error.code)
            return None
        if found is None:
            log("policy_absent")
            return None
        body, self.live = found
        self._remember(self.live, fingerprint(body))
        log("policy_loaded", number=self.live.number, rules=len(self.live.rules))
        return body

    def load(self) -> None:
        """Start from what lies on disk, and finish what a power cut left half done."""
        body = self.look()
        try:
            if body is not None:
                self._store.settle(body)
        except CodedError as error:
            log_error("policy_not_settled", error)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            started = time.monotonic()
            healthy = self.step(wait=LONG_POLL if self._etag else 0)
            rest = SHORTEST_ROUND - (time.monotonic() - started) if healthy else backoff.delay(self._failures)
            stop.wait(max(0.0, rest))

    def step(self, *, wait: int = 0) -> bool:
        """One round; True where what is live is what the server has."""
        try:
            fetched = self._server.policy(etag=self._etag, wait=wait)
            if fetched:
                self._take(fetched)
            self._failures = 0
            self._note("")
        except CodedError as error:
            self._failures += 1
            log_error("policy_kept", error)
            self._note(error.code)
        self._report()
        return not self._failures

    def _take(self, fetched: FetchedPolicy) -> None:
        policy = judge(fetched.body, fetched.signature, config=self._config, floor=self.state.floor)
        check_clock(policy, now=self._clock())
        sha256 = fingerprint(fetched.body)
        if self.live is None or sha256 != self.state.sha256:
            self._store.save(fetched.body, fetched.signature or "")
            self.live = policy
            self._remember(policy, sha256)
            log("policy_live", number=policy.number, rules=len(policy.rules), valid_until=policy.valid_until)
        self._etag = fetched.etag

    def _remember(self, policy: Policy, sha256: str) -> None:
        if sha256 != self.state.sha256:
            self.state = replace(self.state, number=policy.number, sha256=sha256, live_since=int(self._clock()))

    def _note(self, error: str) -> None:
        fetched_at = self.state.last_fetch_at if error else int(self._clock())
        self.state = replace(self.state, last_error=error, last_fetch_at=fetched_at)
        try:
            self._store.write_state(self.state)
        except CodedError as failure:
            log_error("state_not_written", failure)

    def _report(self) -> None:
        """Tell the server what is live, when that changed or twenty seconds passed; it may fail without consequence."""
        now = self._clock()
        unchanged = self._reported == replace(self.state, last_fetch_at=0)
        if unchanged and abs(now - self._reported_at) < STATUS_EVERY:
            return
        try:
            self._server.post("status", self.status())
        except CodedError as error:
            log_error("status_not_sent", error)
            return
        self._reported, self._reported_at = replace(self.state, last_fetch_at=0), now

    def status(self) -> dict[str, object]:
        """The status body of docs/policy-format.md. A policy on disk that cannot be verified is not called live."""
        return {
            "agent_version": AGENT_VERSION,
            "formats": list(wire.FORMATS),
            "live_number": self.live.number if self.live else 0,
            "live_since": self.state.live_since if self.live else 0,
            "live_sha256": self.state.sha256 if self.live else "",
            "last_fetch_at": self.state.last_fetch_at,
            "last_error": self.state.last_error,
            "clock": int(self._clock()),
            "filter": self._config.filter,
        }
