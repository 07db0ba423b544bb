"""`sekimori-agent`: brings decisions to a mail host and what happened back. Needs Python 3.11 and cryptography only."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path

from exceptions.agent.config import Config, read_config
from exceptions.agent.keeper import PolicyKeeper
from exceptions.agent.log import log, log_error
from exceptions.agent.server import Server
from exceptions.agent.shipper import EventShipper
from exceptions.agent.store import PolicyStore
from exceptions.agent.stream import EventStream
from exceptions.errors import CodedError

CONFIG = Path("/etc/sekimori-agent.toml")
PATIENCE = (1.0, 5.0)
"""Seconds that a stopping agent gives the policy thread, which may be in a long poll, and a batch under way."""
WATCH = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 fine, 1 no current policy (`status`, `--once`) or a thread that died, 2 wrong configuration."""
    parser = argparse.ArgumentParser(prog="sekimori-agent", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "status"], default="run")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--once", action="store_true", help="fetch and ship once, then end")
    given = parser.parse_args(arguments)
    try:
        config = read_config(given.config)
        if given.command == "status":
            return show_status(config)
        with PolicyStore(config.directory).lock():
            return once(config) if given.once else run(config)
    except CodedError as error:
        log_error("agent_refused", error)
        return 2


def run(config: Config) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keeper, shipper = _parts(config)
    keeper.load()
    work = [keeper.run, *([shipper.run] if shipper else [])]
    threads = [threading.Thread(target=each, args=(stop,), daemon=True) for each in work]
    log("agent_started", node=config.node, server=config.server)
    for thread in threads:
        thread.start()
    # A thread dies of nothing but a mistake of ours: then end, so that the service manager starts afresh and says so.
    while not stop.wait(WATCH) and all(thread.is_alive() for thread in threads):
        pass
    crashed = not stop.is_set()
    stop.set()
    # Nothing is lost by leaving one behind: files are replaced whole, and entries confirmed once the server took them.
    for thread, patience in zip(threads, PATIENCE, strict=False):
        thread.join(patience)
    log("agent_stopped", crashed=crashed)
    return int(crashed)


def once(config: Config) -> int:
    keeper, shipper = _parts(config)
    keeper.load()
    healthy = keeper.step()
    while shipper and shipper.step(block=False):
        pass
    return 0 if healthy else 1


def show_status(config: Config) -> int:
    """Print what is live as JSON; needs neither the server nor the running agent, and changes nothing."""
    keeper = PolicyKeeper(config, server=Server(config), store=PolicyStore(config.directory))
    keeper.look()
    policy, status, now = keeper.live, keeper.status(), time.time()
    if policy:
        in_force = sum(rule.not_before <= now < rule.expires_at for rule in policy.rules)
        status |= {"valid_until": policy.valid_until, "stale": policy.is_stale(now=now), "rules_in_force": in_force}
    sys.stdout.write(json.dumps(status, indent=2) + "\n")
    return 0 if policy and not policy.is_stale(now=now) else 1


def _parts(config: Config) -> tuple[PolicyKeeper, EventShipper | None]:
    server = Server(config)
    keeper = PolicyKeeper(config, server=server, store=PolicyStore(config.directory))
    if not config.redis:
        return keeper, None
    stream = EventStream(config.redis, stream=config.stream, consumer=config.node)
    return keeper, EventShipper(stream, server=server)


if __name__ == "__main__":
    sys.exit(main())
