"""What an audit entry keeps beside its act, as pairs of readable words. Unknown keys are shown, never hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from dmarcsite.look.badges import ACTION
from exceptions.sentences.words import FIELD_WORDS, MODE_WORDS, REASON_WORDS, ROLE_WORDS, STATE_WORDS
from reports.forms.mailbox import ACTIONS
from reports.forms.mailbox_kinds import labels
from reports.sentences.mailboxes import PLACE_KINDS
from reports.vocabulary import DomainKind

NOTHING = "–"
_MOMENTS = {"not_before", "expires_at", "until"}
_INNER = {"rule"}
"""Keys whose value is a record of its own: its fields stand in their place."""
_SILENT = {"id"}
"""The number of what the entry is about, which it names already."""
LABELS: dict[str, str | Promise] = {
    "version": gettext_lazy("Version"),
    "state": gettext_lazy("State"),
    "owner": gettext_lazy("Owner"),
    "not_before": FIELD_WORDS["starts_at"],
    **FIELD_WORDS,
    **labels(),
    "name": gettext_lazy("Name"),
    "place": gettext_lazy("Kind of place"),
    "is_password_new": gettext_lazy("New password"),
    "role": gettext_lazy("Role"),
    "from": pgettext_lazy("of a change", "Before"),
    "to": pgettext_lazy("of a change", "After"),
    "proposed_by": gettext_lazy("Proposed by"),
    "number": gettext_lazy("Number"),
    "rules": gettext_lazy("Rules in it"),
    "node": gettext_lazy("Filter node"),
    "slug": gettext_lazy("Name in addresses"),
    "live_number": gettext_lazy("Number in force there"),
    "held": gettext_lazy("Newest number here"),
    "key_id": gettext_lazy("Key"),
    "until": gettext_lazy("Visible until"),
    "kind": gettext_lazy("Whose it is"),
    "own_reporters": gettext_lazy("Our own gateways, as reporters"),
    "mailbox_reporters": gettext_lazy("Hosts of our mailboxes, as reporters"),
    "trusted_authserv_ids": gettext_lazy("Mail servers whose results are believed"),
    "judged_again_since": gettext_lazy("Senders judged again of mails since (UTC)"),
    "dry_run": gettext_lazy("Dry run"),
    "messages": gettext_lazy("Messages"),
    "message_id": gettext_lazy("Message"),
    "since": gettext_lazy("That came in since (UTC)"),
    "outcome": gettext_lazy("Outcome"),
}
"""In the order of the page: the database keeps none."""
_PLACES = {key: place for place, key in enumerate(LABELS)}
_MAIL: dict[str, str | Promise] = {str(action): words for action, words in ACTIONS}
_VALUES: dict[str, Mapping[str, str | Promise]] = {
    "role": ROLE_WORDS,
    "state": STATE_WORDS,
    "mode": MODE_WORDS,
    "reason_code": REASON_WORDS,
    "action": {action: badge.label for action, badge in ACTION.items()},
    "place": {kind: words for kind, (words, _meaning) in PLACE_KINDS.items()},
    "handled_action": _MAIL,
    "refused_action": _MAIL,
    "kind": {DomainKind.OWN: gettext_lazy("Our own"), DomainKind.PARTNER: gettext_lazy("A partner's")},
}


def details(data: Mapping[str, object]) -> list[tuple[str, str]]:
    """(label, words) of everything that the entry keeps, without what is empty; in the language of the request."""
    return [
        (str(LABELS.get(key, key.replace("_", " "))), words)
        for key, value in sorted(_fields(data), key=lambda field: _PLACES.get(field[0], len(_PLACES)))
        if (words := _words(key, value)) != NOTHING
    ]


def _fields(data: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in data.items():
        if key in _INNER and isinstance(value, Mapping):
            yield from _fields(value)
        elif key not in _SILENT:
            yield key, value


def _words(key: str, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return _record(key, value)
    if isinstance(value, list):
        return ", ".join(_words(key, item) for item in value) or NOTHING
    if value is None or value == "":
        return NOTHING
    if key in _MOMENTS:
        return _moment(value)
    return str(_VALUES.get(key, {}).get(str(value), value))


def _record(key: str, value: Mapping[str, object]) -> str:
    if value.keys() == {"before", "after"}:
        return f"{_words(key, value['before'])} → {_words(key, value['after'])}"
    if value.keys() == {"mode", "share"}:
        return f"{_words('mode', value['mode'])}, {value['share']} %"
    if value.keys() == {"id", "name"}:
        return str(value["name"])
    return "; ".join(f"{label}: {words}" for label, words in details(value)) or NOTHING


def _moment(value: object) -> str:
    try:
        moment = (
            datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(float(str(value)), UTC)
        )
    except (ValueError, OverflowError, OSError):
        return str(value)
    moment = moment.astimezone(UTC)
    return f"{date_format(moment, pgettext('date format', 'j M Y'))} {moment:%H:%M} UTC"
