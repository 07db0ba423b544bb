"""The form of an upload: several files, and whether they are only to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """A file field whose value is the list of all files. An empty file is a result of its own, not an error here."""

    widget = _ManyFiles

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> Any:  # noqa: ANN401 - as in Django
        files = data if isinstance(data, list | tuple) else [data]
        return [super(_FilesField, self).clean(each, initial) for each in files or [None]]


class UploadForm(forms.Form):
    """`file` is the list of files in the order in which they were chosen."""

    file = _FilesField(label=_("Report files"))
    is_dry_run = forms.BooleanField(label=_("Only try: say what would happen, and store nothing"), required=False)

    def chosen(self) -> Sequence[UploadedFile]:
        """The files of a valid form."""
        files: Sequence[UploadedFile] = self.cleaned_data["file"]
        return files
