"""Forms of the deciding side: what people write becomes a `RuleContent` or a mode; each refusal stands at its field."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy as _

from exceptions.lifecycle.content import DEFAULT_LIFETIME, MAX_LIFETIME, RuleContent, problems
from exceptions.models import RuleVersion
from exceptions.selectors.people import members
from exceptions.sentences.refusals import REFUSALS, refusal
from exceptions.sentences.rules import network_words
from exceptions.sentences.words import ACTION_WORDS, FIELD_WORDS, MODE_WORDS, REASON_WORDS
from exceptions.vocabulary import WHOLE_SHARE, Mode, ReasonCode, RuleAction
from reports.viewer import Viewer

LONGEST_LIST = 16_000
"""Characters of a list of networks or recipients; more than the most entries that a rule may have."""
MINUTES = "%Y-%m-%dT%H:%M"


class MomentInput(forms.DateTimeInput):
    """The browser's own picker. All moments are UTC, and the label says so."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=MINUTES)


class RuleForm(forms.Form):
    """One version of a rule. `content` is what it says, once `is_valid()`; the lifecycle checks it again."""

    header_from = forms.CharField(
        label=FIELD_WORDS["header_from"],
        help_text=_("The exact domain in the From header. Subdomains need rules of their own."),
        error_messages={"required": REFUSALS["no_from_domain"]},
    )
    dkim_domain = forms.CharField(
        label=FIELD_WORDS["dkim_domain"],
        required=False,
        help_text=_("The strongest evidence: the signature must verify, and d= must be exactly this domain."),
    )
    envelope_domain = forms.CharField(
        label=FIELD_WORDS["envelope_domain"],
        required=False,
        help_text=_("The domain of the envelope sender; SPF must pass for it."),
    )
    networks = forms.CharField(
        label=FIELD_WORDS["networks"],
        required=False,
        max_length=LONGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Addresses or networks, one a line; at most /24 (IPv4) and /48 (IPv6)."),
    )
    recipients = forms.CharField(
        label=FIELD_WORDS["recipients"],
        required=False,
        max_length=LONGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "Addresses or domains, one a line. Empty: anyone here. Every recipient of a message must be among them."
        ),
    )
    action = forms.ChoiceField(
        label=FIELD_WORDS["action"],
        choices=list(ACTION_WORDS.items()),
        widget=forms.RadioSelect,
        help_text=_("Only the DMARC verdict is lifted. Spam and malware checks go on."),
    )
    reason_code = forms.ChoiceField(label=FIELD_WORDS["reason_code"], choices=list(REASON_WORDS.items()))
    reason_text = forms.CharField(
        label=FIELD_WORDS["reason_text"],
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Why it is needed, and what is being done so that it is not needed any more. At least 40 characters."
        ),
        error_messages={"required": _("Say why this is needed and what is being done about it.")},
    )
    owner: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=FIELD_WORDS["owner_name"],
        queryset=None,
        empty_label=None,
        help_text=_("Answers for the rule and is reminded before it ends. The owner cannot approve it."),
        error_messages={"required": REFUSALS["owner_unknown"], "invalid_choice": REFUSALS["owner_unknown"]},
    )
    starts_at = forms.DateTimeField(
        label=_("Starts (UTC)"),
        required=False,
        widget=MomentInput(),
        help_text=_("Empty: as soon as it is approved. Within 90 days."),
    )
    expires_at = forms.DateTimeField(
        label=_("Ends (UTC)"),
        widget=MomentInput(),
        help_text=_("Filters stop by themselves at this moment. At most 90 days after the start."),
        error_messages={"required": REFUSALS["expiry_invalid"]},
    )
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: Viewer, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101 - declared above
        owner.queryset = members(viewer)

    def clean(self) -> dict[str, Any]:
        """Ask the lifecycle's own check; a field that could not even be read keeps its first message."""
        unreadable = set(self.errors)
        for problem in problems(self.content, at=self.now):
            field = str(problem.params["field"])
            if field not in unreadable:
                self.add_error(field, refusal(problem))
        return self.cleaned_data

    @property
    def content(self) -> RuleContent:
        """What the form says so far; what is missing stands as a neutral value."""
        given = self.cleaned_data
        owner: AbstractBaseUser | None = given.get("owner")
        starts_at = given.get("starts_at") or self.now
        return RuleContent(
            header_from=given.get("header_from", ""),
            networks=_listed(given.get("networks", "")),
            dkim_domain=given.get("dkim_domain") or None,
            envelope_domain=given.get("envelope_domain") or None,
            recipients=_listed(given.get("recipients", "")),
            action=RuleAction(given.get("action", RuleAction.DELIVER)),
            reason_code=ReasonCode(given.get("reason_code", ReasonCode.OTHER)),
            reason_text=given.get("reason_text", ""),
            owner_id=owner.pk if owner else 0,
            starts_at=starts_at,
            expires_at=given.get("expires_at") or self.now + MAX_LIFETIME,
        )


class CommentForm(forms.Form):
    """The words to a decision, and the version that the person had before them."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Comment"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReasonForm(CommentForm):
    """The same where the history needs a reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": REFUSALS["reason_missing"]},
    )


class ModeForm(forms.Form):
    """How far filters go for one domain, or (empty) by default."""

    domain = forms.IntegerField(required=False, widget=forms.HiddenInput)
    mode = forms.ChoiceField(
        label=_("What filters do with mail that fails DMARC"),
        choices=[
            (Mode.MONITOR.value, _("Monitor: deliver it, and only count what would have happened")),
            (Mode.QUARANTINE.value, _("Quarantine: accept it, but set it aside")),
            (Mode.REJECT.value, _("Reject: refuse it while the sender is still connected, so that the sender is told")),
        ],
        widget=forms.RadioSelect,
    )
    share = forms.IntegerField(
        label=_("Share in per cent"),
        initial=WHOLE_SHARE,
        min_value=0,
        max_value=WHOLE_SHARE,
        help_text=_("Of all pairs of source address and From domain. The others are treated one step lower."),
    )


class ModeReasonForm(ModeForm):
    """The chosen mode carried through the confirmation, with the reason for the history."""

    mode = forms.ChoiceField(choices=list(MODE_WORDS.items()), widget=forms.HiddenInput)
    share = forms.IntegerField(min_value=0, max_value=WHOLE_SHARE, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


class NodeForm(forms.Form):
    """A filter node is known by its name; everything else it tells itself."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("Such as the name of its host: mx1.example.com")
    )


def new_rule_initial(viewer: Viewer, *, now: datetime) -> dict[str, object]:
    """What an empty form begins with: the requester owns it, and it ends by itself in 30 days."""
    return {
        "action": RuleAction.DELIVER.value,
        "reason_code": ReasonCode.VENDOR_NOT_ALIGNED.value,
        "owner": viewer.user_id,
        "expires_at": (now + DEFAULT_LIFETIME).replace(second=0, microsecond=0),
    }


def edit_initial(version: RuleVersion) -> dict[str, object]:
    """The version as the form shows it for an edit."""
    return {
        "header_from": version.header_from,
        "dkim_domain": version.dkim_domain or "",
        "envelope_domain": version.envelope_domain or "",
        "networks": "\n".join(map(network_words, version.networks)),
        "recipients": "\n".join(version.recipients),
        "action": version.action,
        "reason_code": version.reason_code,
        "reason_text": version.reason_text,
        "owner": version.owner_id,
        "starts_at": version.starts_at,
        "expires_at": version.expires_at,
        "seen_version": version.number,
    }


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[\s,;]+", text)))
