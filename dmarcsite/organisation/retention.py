"""The page of how long things are kept and what would go tonight, and the page on which a domain is held or released."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from reports.access import allowed_to, domain_for, viewer_of
from reports.models import Domain
from reports.models.retention import KINDS, LONGEST
from reports.permissions import Act
from reports.retention.holds import domain_hold, domain_release
from reports.retention.run import preview
from reports.retention.settings import retention_change
from reports.retention.terms import terms_of

LABELS = {
    "reports": gettext_lazy("Aggregate and TLS reports, and judged mail (days)"),
    "failures": gettext_lazy("Failure reports with samples and mails (days)"),
    "raw": gettext_lazy("Mails that brought reports (days)"),
    "refused_raw": gettext_lazy("Mails without a report (days)"),
    "events": gettext_lazy("Recipients and hosts of judged mail (days)"),
    "ledger": gettext_lazy("Records of what came in (days)"),
    "sums": gettext_lazy("Daily sums (days)"),
}
WHAT_GOES = {
    "failures": gettext_lazy("Failure reports"),
    "events": gettext_lazy("Recipients of judged mail"),
    "rows": gettext_lazy("Rows of aggregate reports"),
    "reports": gettext_lazy("Aggregate reports"),
    "tls": gettext_lazy("TLS reports"),
    "judged": gettext_lazy("Judged mail"),
    "passes": gettext_lazy("Counts of passing mail"),
    "raw": gettext_lazy("Mails"),
    "ledger": gettext_lazy("Records of what came in"),
    "jobs": gettext_lazy("Records of long work"),
    "source_sums": gettext_lazy("Daily sums by source"),
    "domain_sums": gettext_lazy("Daily sums by domain"),
}


class RetentionForm(forms.Form):
    """Days by kind; what must outlive what is said here, and held by the database."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for kind in KINDS:
            self.fields[kind] = forms.IntegerField(label=LABELS[kind], min_value=1, max_value=LONGEST)

    def clean(self) -> dict[str, int]:
        days: dict[str, int] = super().clean() or {}
        if not self.errors:
            if days["sums"] < days["reports"]:
                self.add_error("sums", _("Sums must be kept at least as long as the reports they are made of."))
            if days["ledger"] < days["reports"]:
                self.add_error("ledger", _("Records must be kept at least as long as the reports that came."))
            if days["raw"] < days["refused_raw"]:
                self.add_error("raw", _("Mails with reports must be kept at least as long as mails without."))
        return days


class ReasonForm(forms.Form):
    """Why a domain is held or released; the audit log keeps it."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_DOMAINS)
def retention(request: HttpRequest) -> HttpResponse:
    """Terms, what would go tonight, and what is held."""
    viewer = viewer_of(request)
    terms = terms_of(viewer.organisation_id)
    initial = {kind: getattr(terms, kind) for kind in KINDS}
    form = RetentionForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        retention_change(form.cleaned_data, viewer=viewer, at=timezone.now())
        messages.success(request, _("Saved. What is over its time now goes tonight."))
        return redirect("organisation-retention")
    goes = preview(viewer.organisation_id, at=timezone.now())
    context = {
        "form": form,
        "goes": [(WHAT_GOES[kind], count) for kind, count in goes.items()],
        "held": Domain.objects.filter(organisation_id=viewer.organisation_id, held_at__isnull=False).order_by("name"),
    }
    return render(request, "organisation/retention.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_DOMAINS)
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold a domain, or release one that is held, for a reason."""
    viewer = viewer_of(request)
    domain = domain_for(viewer, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        act = domain_release if request.POST.get("act") == "release" else domain_hold
        if act(pk, reason=form.cleaned_data["reason"], viewer=viewer, at=timezone.now()):
            messages.success(request, _("Saved, with your reason in the audit log."))
        else:
            messages.warning(request, _("Somebody else was faster; nothing changed."))
        return redirect("organisation-retention")
    context = {"form": form, "domain": domain}
    return render(request, "organisation/hold.html", context, status=422 if form.errors else 200)
