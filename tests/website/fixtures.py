"""Owns the pytest fixture over the lived-in site; it is started once per session and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from reports.vocabulary import Role
from tests.website import hostile
from tests.website.house import House, decide, furnished, upload
from tests.website.site import running_site


@pytest.fixture(scope="session")
def house(services: Mapping[str, str]) -> Iterator[House]:
    """A site with the demo and with an organisation of five people whose reports all mean harm.

    Tests share it: what they change must not matter to others.
    """
    with running_site(services, name="house", number=2, demo=True) as site:
        house = furnished(site)
        upload(house.people[Role.ANALYST], hostile.files())
        decide(house)
        yield house
