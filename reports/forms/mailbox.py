"""What the forms of all kinds of mailboxes share. The secret goes in and never comes out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.ingest.places.registry import KINDS
from reports.models import Mailbox
from reports.vocabulary import PlaceKind

INTERVAL_MAX = 24 * 60
NAME_IS_TAKEN = gettext_lazy("Another mailbox has this name. Choose a different one.")
SECRET = "password"  # noqa: S105 - the name of a field
ACTIONS = [
    (Mailbox.Action.LEAVE, gettext_lazy("Leave it as it is")),
    (Mailbox.Action.FLAG, gettext_lazy("Flag it in its folder")),
    (Mailbox.Action.MOVE, gettext_lazy("Move it to another folder")),
]
PLAIN_TEXT = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
"""Attributes of a field that takes no prose."""


def secret_field(label: Any) -> forms.CharField:  # noqa: ANN401 - the type of lazy text is private to its stubs
    """The field of a secret, to be named SECRET."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, max_length=1000, required=False, strip=False, widget=widget)


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form of one kind names its own fields, which become Mailbox.settings, and the rows in which all are shown.

    The secret may stay empty where one is stored and goes to the same place as before.
    """

    kind: ClassVar[PlaceKind]
    setting_names: ClassVar[tuple[str, ...]]
    reach: ClassVar[tuple[str, ...]] = ()
    """Where a secret goes: whoever changes one of these enters it again, or it could be sent elsewhere."""
    rows: ClassVar[tuple[tuple[str, ...], ...]]
    """Names of fields, row by row, for what stands between name and actions."""
    rows_of_actions: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("handled_action", "handled_folder"),
        ("refused_action", "refused_folder"),
    )
    last_rows: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """The same, for what few people need."""
    is_secret_optional: ClassVar[bool] = False

    interval_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes between two visits"), min_value=1, max_value=INTERVAL_MAX, initial=15
    )

    class Meta:
        model = Mailbox
        fields = (
            "name", "handled_action", "handled_folder", "refused_action", "refused_folder", "interval_minutes",
            "is_enabled",
        )  # fmt: skip
        labels = {
            "name": gettext_lazy("Name of this mailbox"),
            "handled_action": gettext_lazy("Mail that was read"),
            "handled_folder": gettext_lazy("Folder for mail that was read"),
            "refused_action": gettext_lazy("Mail that could not be used"),
            "refused_folder": gettext_lazy("Folder for mail that could not be used"),
            "is_enabled": gettext_lazy("Visit this mailbox"),
        }
        help_texts = {
            "name": gettext_lazy("As it is called on these pages."),
            "handled_folder": gettext_lazy("Only for moving; it is made where it is missing."),
            "refused_folder": gettext_lazy("Only for moving; it is made where it is missing."),
        }

    def __init__(self, data: Mapping[str, Any] | None = None, *, instance: Mailbox) -> None:
        instance.kind = self.kind
        super().__init__(data, instance=instance, initial=dict(instance.settings))
        able = KINDS[self.kind].actions
        choices = [(action, words) for action, words in ACTIONS if action in able]
        preferred = Mailbox.Action.FLAG if Mailbox.Action.FLAG in able else Mailbox.Action.LEAVE
        for name, initial in (("handled_action", preferred), ("refused_action", Mailbox.Action.LEAVE)):
            self.fields[name] = forms.ChoiceField(label=self.Meta.labels[name], choices=choices, initial=initial)
        if len(choices) == 1:
            self.instance.handled_action = self.instance.refused_action = Mailbox.Action.LEAVE
            for name in ("handled_action", "handled_folder", "refused_action", "refused_folder"):
                del self.fields[name]
        if secret := self.fields.get(SECRET):
            secret.required = not self.instance.pk and not self.is_secret_optional
            if self.instance.pk:
                secret.help_text = _("Leave it empty to keep the stored one.")
        for name in {"handled_folder", "refused_folder"} & self.fields.keys():
            self.fields[name].widget.attrs.update(PLAIN_TEXT)

    @property
    def shown(self) -> list[list[forms.BoundField]]:
        """All fields, row by row."""
        rows = [("name",), *self.rows, *self.rows_of_actions, ("interval_minutes",), *self.last_rows, ("is_enabled",)]
        return [[self[name] for name in row] for row in rows]

    @property
    def secret(self) -> str:
        """The secret that was entered, "" where none was. Only for a valid form."""
        return str(self.cleaned_data.get(SECRET) or "")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = Mailbox.objects.filter(organisation_id=self.instance.organisation_id, name=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(NAME_IS_TAKEN)
        return name

    def _goes_elsewhere(self, data: dict[str, Any]) -> bool:
        """Line ends do not count: browsers send others than are stored."""
        return any(
            name in data and str(data[name]).split() != str(self.initial.get(name) or "").split() for name in self.reach
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for act, folder in (("handled_action", "handled_folder"), ("refused_action", "refused_folder")):
            if data.get(act) == Mailbox.Action.MOVE and not data.get(folder):
                self.add_error(folder, _("Name the folder to which the mail is to be moved."))
            elif data.get(folder) and (refusal := self.refusal_of_target(data[folder], data)):
                self.add_error(folder, refusal)
        if SECRET in self.fields and self.instance.pk and not data.get(SECRET) and self._goes_elsewhere(data):
            self.add_error(SECRET, self.enter_again())
        self.instance.settings = {name: data[name] for name in self.setting_names if name in data}
        return data

    def refusal_of_target(self, target: str, data: dict[str, Any]) -> str:
        """Why mail cannot be moved to `target`, "" where it can."""
        return _("This is the folder that is read. Name another one.") if target == data.get("folder") else ""

    def enter_again(self) -> str:
        """What to say where a stored secret would go to another place than before."""
        raise NotImplementedError
