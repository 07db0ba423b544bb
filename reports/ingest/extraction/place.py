"""Where the bytes at hand lie in a message, and how a problem with them is told. Looks at no bytes."""

from __future__ import annotations

from typing import NamedTuple

from reports.dto import NO_MAIL, MailFacts, Problem, Repair
from reports.vocabulary import RepairCode


class Place(NamedTuple):
    """File name, containers around, mail around, repairs so far."""

    filename: str = ""
    trail: tuple[str, ...] = ()
    mail: MailFacts = NO_MAIL
    repairs: tuple[Repair, ...] = ()

    def mended(self, code: RepairCode) -> Place:
        return self._replace(repairs=(*self.repairs, Repair(code)))

    def inside(self, container: str, *, filename: str = "", repairs: tuple[RepairCode, ...] = ()) -> Place:
        added = self.repairs + tuple([Repair(code, container) for code in repairs]) if repairs else self.repairs
        return Place(filename or self.filename, (*self.trail, container), self.mail, added)


def problem(code: str, place: Place, *params: tuple[str, str]) -> Problem:
    return Problem(code, (("name", place.filename), *params) if place.filename else params)
