"""The tokens of the upload API: made, shown once, and revoked by administrators."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reports.access import allowed_to, upload_token_for, viewer_of
from reports.forms.upload_token import UploadTokenForm
from reports.ingest.upload_tokens import NameTaken, make_token, revoke_token
from reports.models import UploadToken
from reports.permissions import Act


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def token_list(request: HttpRequest) -> HttpResponse:
    """The tokens and when each was last used; POST makes one and shows it this once."""
    viewer, form = viewer_of(request), UploadTokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = make_token(viewer=viewer, name=form.cleaned_data["name"], at=timezone.now())
        except NameTaken:
            form.add_error("name", _("Another token in use has this name. Choose a different one."))
        else:
            context = {"token": token, "secret": secret, "server": settings.BASE_URL}
            return render(request, "reports/upload_token_made.html", context)
    tokens = UploadToken.objects.filter(organisation_id=viewer.organisation_id)
    context = {"form": form, "tokens": tokens.order_by("-revoked_at", "name", "pk")}
    return render(request, "reports/upload_token_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token, after a page that says what that means."""
    viewer = viewer_of(request)
    token = upload_token_for(viewer, pk)
    if request.method != "POST":
        return render(request, "reports/upload_token_revoke.html", {"token": token})
    revoke_token(token, viewer=viewer, at=timezone.now())
    messages.success(request, _("The token %(name)s is void.") % {"name": token.name})
    return redirect("reports:upload-token-list")
