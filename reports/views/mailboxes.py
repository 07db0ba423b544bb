"""Mailboxes: made, changed, tried, fetched and deleted by administrators. The stored password never leaves the server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from reports.access import allowed_to, mailbox_for, viewer_of
from reports.errors import MailboxMisconfigured
from reports.forms.mailbox import NAME_IS_TAKEN, MailboxForm
from reports.forms.mailbox_kinds import FORMS
from reports.ingest.mailbox_changes import ask_for_fetch, change_mailbox, create_mailbox, delete_mailbox
from reports.ingest.places.place import Step, test_way
from reports.ingest.places.registry import way_to
from reports.ingest.places.secrets import sealed_secret
from reports.models import Mailbox
from reports.permissions import Act
from reports.vocabulary import MailboxStep


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def mailbox_create(request: HttpRequest) -> HttpResponse:
    """Choose a kind, then fill in its form; "test" instead of "save" tries the connection and stores nothing."""
    viewer = viewer_of(request)
    kind_of_form = FORMS.get(request.GET.get("kind", ""))
    if kind_of_form is None:
        return render(request, "reports/mailbox_kinds.html", {"kinds": list(FORMS)})
    form = kind_of_form(request.POST or None, instance=Mailbox(organisation_id=viewer.organisation_id))
    if _is_saved(request, form, create_mailbox):
        messages.success(request, _("The mailbox was added and will be read within a minute."))
        return redirect("reports:ingestion")
    return _page(request, form)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def mailbox_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a mailbox; an empty password field keeps the stored one."""
    viewer = viewer_of(request)
    mailbox = mailbox_for(viewer, pk)
    form = FORMS[mailbox.kind](request.POST or None, instance=mailbox)
    if _is_saved(request, form, change_mailbox):
        messages.success(request, _("The changes were saved; the mailbox will be read within a minute."))
        return redirect("reports:ingestion")
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def mailbox_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete."""
    viewer = viewer_of(request)
    mailbox = mailbox_for(viewer, pk)
    if request.method == "POST":
        delete_mailbox(mailbox, viewer=viewer, at=timezone.now())
        messages.success(request, _("The mailbox was deleted. The reports that it brought stay."))
        return redirect("reports:ingestion")
    return render(request, "reports/mailbox_delete.html", {"mailbox": mailbox})


@require_POST
@allowed_to(Act.MANAGE_MAILBOXES)
def mailbox_fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the mailbox due now."""
    viewer = viewer_of(request)
    mailbox = mailbox_for(viewer, pk)
    if mailbox.is_enabled:
        ask_for_fetch(mailbox, viewer=viewer, at=timezone.now())
        messages.success(request, _("The mailbox will be read within a minute."))
    else:
        messages.warning(request, _("This mailbox is paused. Switch it on first."))
    return redirect("reports:ingestion")


def _is_saved(request: HttpRequest, form: MailboxForm, save: Callable[..., None]) -> bool:
    """Save what a valid form holds, unless its connection is only to be tried."""
    if "test" in request.POST or not form.is_valid():
        return False
    try:
        save(form.instance, password=form.secret, viewer=viewer_of(request), at=timezone.now())
    except IntegrityError:  # the same form was sent twice at once: the database knows only now that the name is taken
        form.add_error("name", NAME_IS_TAKEN)
        return False
    return True


def _page(request: HttpRequest, form: MailboxForm) -> HttpResponse:
    steps: Sequence[Step] = ()
    untried: Sequence[str] = ()
    if form.is_bound and form.is_valid():
        steps, untried = _try(form)
    context = {
        "form": form,
        "mailbox": form.instance if form.instance.pk else None,
        "steps": steps,
        "untried": untried,
        "is_reached": bool(steps) and all(step.is_ok for step in steps),
    }
    return render(request, "reports/mailbox_form.html", context, status=422 if form.errors else 200)


def _try(form: MailboxForm) -> tuple[list[Step], list[str]]:
    """The steps of a connection with the settings of a valid form and the secret entered, or else the stored one; and the
    names of the steps that were not tried.
    """
    mailbox: Mailbox = form.instance
    if form.secret or not mailbox.pk:
        mailbox.secret = sealed_secret(form.secret)
    try:
        way = way_to(mailbox)
    except MailboxMisconfigured as error:
        return [Step(MailboxStep.LOGIN, code=error.code, params=error.params)], []
    steps = list(test_way(way))
    return steps, list(way.step_names[len(steps) :])
