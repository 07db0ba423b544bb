"""Signing in for a mailbox at its provider: by a code that is entered there, or by going there and coming back."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from reports.access import allowed_to, mailbox_for, viewer_of
from reports.errors import MailboxError
from reports.ingest.mailbox_sign_in import begin, check, come_back, provider_name, uses_sign_in
from reports.models import Mailbox, SignIn
from reports.permissions import Act

POLL_SECONDS = 5


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def mailbox_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    """How the sign-in stands; "begin" starts one, "check" asks the provider. Without JavaScript a button does the latter."""
    viewer, at = viewer_of(request), timezone.now()
    mailbox = mailbox_for(viewer, pk)
    go_to, fault = "", None
    if request.method == "POST" and uses_sign_in(mailbox):
        try:
            if "begin" in request.POST:
                go_to = begin(mailbox, redirect_uri=_back(), viewer=viewer, at=at)
            elif "check" in request.POST:
                check(mailbox, viewer=viewer, at=at)
        except MailboxError as error:
            fault = error
    row = SignIn.objects.filter(mailbox=mailbox).select_related("signed_in_by").first()
    context = {
        "mailbox": mailbox,
        "provider": provider_name(mailbox),
        "sign_in": row,
        "is_waiting": bool(row and row.user_code),
        "is_done": bool(row and row.refresh and not row.user_code),
        "go_to": go_to,
        "fault": fault.code if fault else row.fault if row else "",
        "fault_detail": dict(fault.params).get("error", "") if fault else row.fault_detail if row else "",
        "poll_seconds": max(row.poll_seconds, POLL_SECONDS) if row else POLL_SECONDS,
    }
    return render(request, "reports/mailbox_sign_in.html", context)


@never_cache
@require_safe
@allowed_to(Act.MANAGE_MAILBOXES)
def sign_in_return(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser back to. What does not belong to a sign-in under way changes nothing."""
    viewer = viewer_of(request)
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    number = state.partition(".")[0]
    known = number if number.isascii() and number.isdecimal() and len(number) < len(str(1 << 63)) else "0"
    mailbox = Mailbox.objects.filter(pk=int(known), organisation_id=viewer.organisation_id).first()
    is_done = False
    if mailbox is not None and code and uses_sign_in(mailbox):
        try:
            is_done = come_back(mailbox, state=state, code=code, viewer=viewer, at=timezone.now())
        except MailboxError:
            is_done = False
    if is_done:
        messages.success(request, _("Signed in. The mailbox will be read within a minute."))
    else:
        messages.error(request, _("This sign-in is not under way. Begin it again at the mailbox."))
    return redirect("reports:mailbox-sign-in", mailbox.pk) if mailbox else redirect("reports:ingestion")


def _back() -> str:
    """As it is to be entered at the provider; not the request's host, which anybody may claim."""
    return settings.BASE_URL + reverse("reports:sign-in-return")
