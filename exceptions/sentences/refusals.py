"""Each refusal as one sentence that says what to do, and the HTTP status that goes with it."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from exceptions.errors import FourEyes, NotAllowed, RuleError, StaleReview, WrongState
from exceptions.sentences.words import MODE_WORDS, ROLE_WORDS, STATE_WORDS, Words

REFUSALS: Words = {
    "rule_refused": _("This may not happen with this rule, and nothing was changed. Reload the page to see how it stands."),
    # The role, the organisation, the domain
    "not_allowed": _("Your role does not include this. Ask an administrator of your organisation."),
    "role_lacks_act": _("Your role (%(role)s) does not include this. Ask somebody whose role does; an administrator grants roles."),
    "other_organisation": _("This belongs to another organisation. Choose that organisation in the menu of your account first."),
    "other_domain": _("This concerns domains that are not yours to see. Ask somebody who sees all of them."),
    # Somebody was faster
    "wrong_state": _("This has been decided or changed meanwhile (it is now: %(state)s). Reload the page to see how."),
    "somebody_was_faster": _("Somebody else acted in the same moment, and theirs counts. Reload the page to see what they did."),
    "stale_review": _("The rule was edited after you opened it: you saw version %(seen)s, it is now version %(version)s. Read it again, then decide."),
    "not_over_yet": _("The rule is not over yet. Revoke it if it has to end now."),
    "already_proposed": _("A proposal for this domain is open already. Let it be decided, or withdraw it first."),
    "mode_has_changed": _("What is enforced has changed since this was proposed (it is now: %(mode)s, %(share)s %%). Refuse this proposal and make a new one."),
    # Four eyes
    "four_eyes": _("You took part in this, so somebody else must decide."),
    "no_person": _("A person has to decide this; no program may."),
    "own_proposal": _("You asked for this, so somebody else must decide."),
    "own_version": _("You wrote a version of this rule, so somebody else must decide."),
    "own_rule": _("You are the owner of this rule, so somebody else must decide."),
    # Too broad
    "rule_too_broad": _("The rule would let in more than one sender. Name the exact From domain and what proves the source."),
    "no_from_domain": _("Name the exact From domain: a source alone would let it write in anybody's name."),
    "no_source_evidence": _("Say what proves the source: a network, a DKIM domain or an envelope domain. Anybody can write a From domain alone."),
    "network_too_wide": _("%(value)s is too wide. Name at most a /%(widest)s, better single addresses."),
    "too_many_networks": _("These are more than %(most)s networks. Use a DKIM domain or an envelope domain, or make several rules."),
    # Unreadable, or contradicting
    "rule_invalid": _("The rule cannot be read. Look at its fields again."),
    "bad_domain": _("“%(value)s” is not a domain. Write it like mail.example.com."),
    "bad_network": _("“%(value)s” is not an address or network. Write it like 198.51.100.25 or 198.51.100.0/28."),
    "network_has_host_bits": _("%(value)s is an address inside a network. If you mean the whole network, write %(meant)s; else write the address alone."),
    "bad_recipient": _("“%(value)s” is not an address or a domain. Write it like user@example.com or example.com."),
    "too_many_recipients": _("These are more than %(most)s recipients. Name their domain, or make several rules."),
    "reason_too_short": _("Say in at least %(least)s characters why this is needed and what is being done about it; these are %(length)s."),
    "reason_too_long": _("Say it in at most %(most)s characters; these are %(length)s."),
    "reason_missing": _("Give a reason: it stays in the history, and the person who asked will read it."),
    "owner_unknown": _("The owner must be an active person of this organisation. Choose one from the list."),
    # Time
    "expiry_invalid": _("Every exception needs an end. Choose one."),
    "expiry_past": _("The end of this rule is past. Choose a later one."),
    "expiry_before_start": _("The rule would end before it starts. Choose a later end or an earlier start."),
    "expiry_too_far": _("A rule lasts at most %(days)s days. Choose an earlier end; it can be asked for again."),
    "start_too_far": _("A rule starts within %(days)s days. Choose an earlier start, or ask for it nearer to the time."),
    # Enforcement
    "mode_invalid": _("Enforcement cannot be set like this. Reload the page and choose again."),
    "looser": _("This would enforce less than now (%(mode)s, %(share)s %%), so it has to be proposed, and approved by somebody else."),
    "not_looser": _("This would not enforce less than now (%(mode)s, %(share)s %%). Whatever is stricter needs no approval: set it at once."),
    "bad_share": _("Choose a share from 0 to %(most)s per cent."),
    "unknown_domain": _("This is neither an own nor a partner domain. Name it among your domains first; for all others the default holds."),
}  # fmt: skip


def refusal(error: RuleError) -> str:
    """The sentence of an error; a code without one falls back to what its class says."""
    sentence = str(REFUSALS.get(error.code) or REFUSALS[error.default_code])
    words: dict[str, Words] = {"mode": MODE_WORDS, "role": ROLE_WORDS, "state": STATE_WORDS}
    params = {name: words.get(name, {}).get(str(value), value) for name, value in error.params.items()}
    try:
        return sentence % params
    except KeyError:  # raised without a parameter of its sentence: the class's own says less, but never fails
        return str(REFUSALS["rule_refused"])


def status_of(error: RuleError) -> HTTPStatus:
    """403 not allowed, 409 not any more or not by this person, 422 not with this content."""
    if isinstance(error, NotAllowed):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, WrongState | StaleReview | FourEyes):
        return HTTPStatus.CONFLICT
    return HTTPStatus.UNPROCESSABLE_ENTITY
