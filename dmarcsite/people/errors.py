"""Refusals around people and roles: a code each; views make the sentences."""

from __future__ import annotations


class PeopleError(Exception):
    """A refused act. `code` names the reason."""

    code = "refused"


class OwnProposal(PeopleError):
    code = "own_proposal"


class AlreadyDecided(PeopleError):
    code = "already_decided"


class AlreadyOpen(PeopleError):
    code = "already_open"


class LastAdministrator(PeopleError):
    code = "last_administrator"


class OtherAdministrator(PeopleError):
    """One of two administrators would be alone afterwards, and nobody's second look would be needed any more."""

    code = "other_administrator"


class SecondMissing(PeopleError):
    """The invitation is older than the second administrator, who has not agreed to it."""

    code = "second_missing"


class InvitationEnded(PeopleError):
    code = "invitation_ended"


class NotInOrganisation(PeopleError):
    code = "not_in_organisation"


class DemoPerson(PeopleError):
    """People of the demonstration see and act on it alone."""

    code = "demo_person"
