"""The parts of the proof, started for the tests here alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.mailhost.host import MailHost, short_directory
from tests.proof.node import Agent
from tests.website.site import Site, running_site


@pytest.fixture(scope="module")
def site(services: Mapping[str, str]) -> Iterator[Site]:
    """Sekimori as after its first start: one administrator and nothing else."""
    with running_site(services, name="proof", number=1) as site:
        yield site


@pytest.fixture
def agent(fresh_mail_host: MailHost) -> Iterator[Agent]:
    """The agent of a mail host that never had a policy, not yet installed; the host forgets it afterwards."""
    with short_directory() as directory:
        agent = Agent(fresh_mail_host, directory)
        try:
            yield agent
        finally:
            agent.stop()
            for left in fresh_mail_host.policy_dir.iterdir():
                left.unlink()
            fresh_mail_host.reset()
