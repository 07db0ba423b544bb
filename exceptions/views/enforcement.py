"""How far filters go, per domain: stricter at once by one person, looser by two."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exceptions.access import change_for, number_in
from exceptions.errors import ModeInvalid, RuleError
from exceptions.forms import ModeForm, ModeReasonForm
from exceptions.plans import services
from exceptions.selectors.enforcement import InForce, default_mode, domain_modes, mode_in_force, open_changes
from exceptions.sentences.refusals import refusal, status_of
from exceptions.tasks import publish_soon
from exceptions.vocabulary import Mode
from reports.access import allowed_to, viewer_of
from reports.permissions import Act
from reports.selectors.domains import trusted_domains
from reports.viewer import Viewer


@require_safe
@allowed_to(Act.SEE_ENFORCEMENT)
def enforcement(request: HttpRequest) -> HttpResponse:
    """What filters do now, what is proposed, and the three ways to go on."""
    return _overview(request)


@require_safe
@allowed_to(Act.TIGHTEN_MODE)
def mode_change(request: HttpRequest) -> HttpResponse:
    """Choose a mode for one domain; once it is chosen, show what that means and who has to agree. State is the URL."""
    viewer = viewer_of(request)
    domain_id = _domain_id(request.GET.get("domain", ""))
    before = mode_in_force(organisation_id=viewer.organisation_id, domain_id=domain_id)
    if before.domain_is_unknown:
        return _overview(request, error=ModeInvalid("unknown_domain"))
    if "mode" not in request.GET:
        initial = {"domain": domain_id, "mode": before.mode.value, "share": before.share}
        return _choose(request, viewer, domain_id, before, ModeForm(initial=initial))
    form = ModeForm(request.GET)
    if not form.is_valid():
        return _choose(request, viewer, domain_id, before, form, status=422)
    return _confirm(request, viewer, domain_id, before, ModeReasonForm(initial=form.cleaned_data))


@require_POST
@allowed_to(Act.TIGHTEN_MODE)
def mode_tighten(request: HttpRequest) -> HttpResponse:
    """Enforce at least as much as now, at once."""
    viewer, form = viewer_of(request), ModeReasonForm(request.POST)
    if not form.is_valid():
        return _overview(request, error=ModeInvalid())
    given = form.cleaned_data
    try:
        services.mode_tighten(
            viewer=viewer,
            domain_id=given["domain"],
            mode=Mode(given["mode"]),
            share=given["share"],
            reason=given["reason"],
            at=timezone.now(),
        )
    except RuleError as error:
        return _overview(request, error=error)
    publish_soon()
    messages.success(request, _("In force. The filters are being told."))
    return redirect("exceptions:enforcement")


@require_POST
@allowed_to(Act.PROPOSE_LOOSER_MODE)
def mode_propose(request: HttpRequest) -> HttpResponse:
    """Ask that less be enforced; another person decides."""
    viewer, form = viewer_of(request), ModeReasonForm(request.POST)
    if not form.is_valid():
        return _overview(request, error=ModeInvalid())
    given = form.cleaned_data
    try:
        services.loosening_propose(
            viewer=viewer,
            domain_id=given["domain"],
            mode=Mode(given["mode"]),
            share=given["share"],
            reason=given["reason"],
            at=timezone.now(),
        )
    except RuleError as error:
        if error.params.get("field") != "reason":
            return _overview(request, error=error)
        form.add_error("reason", refusal(error))
        before = mode_in_force(organisation_id=viewer.organisation_id, domain_id=given["domain"])
        return _confirm(request, viewer, given["domain"], before, form, status=422)
    messages.success(request, _("Proposed. Somebody else has to agree; until then nothing changes."))
    return redirect("exceptions:enforcement")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.APPROVE_LOOSER_MODE)
def change_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to enforce less; the page before it shows what that means."""
    viewer = viewer_of(request)
    change = change_for(viewer, pk)
    if request.method != "POST":
        is_own = change.proposed_by_id == viewer.user_id
        return render(request, "exceptions/change_approve.html", {"change": change, "is_own": is_own})
    try:
        services.loosening_approve(change, viewer=viewer, reason=request.POST.get("reason", ""), at=timezone.now())
    except RuleError as error:
        return _overview(request, error=error)
    publish_soon()
    messages.success(request, _("In force. The filters are being told."))
    return redirect("exceptions:enforcement")


@require_POST
@allowed_to(Act.APPROVE_LOOSER_MODE)
def change_reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse to enforce less."""
    viewer = viewer_of(request)
    try:
        services.loosening_reject(change_for(viewer, pk), viewer=viewer, at=timezone.now())
    except RuleError as error:
        return _overview(request, error=error)
    messages.success(request, _("The proposal is rejected; nothing changes."))
    return redirect("exceptions:enforcement")


@require_POST
@allowed_to(Act.PROPOSE_LOOSER_MODE)
def change_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""
    viewer = viewer_of(request)
    try:
        services.loosening_withdraw(change_for(viewer, pk), viewer=viewer, at=timezone.now())
    except RuleError as error:
        return _overview(request, error=error)
    messages.success(request, _("The proposal is withdrawn; nothing changes."))
    return redirect("exceptions:enforcement")


def _overview(request: HttpRequest, *, error: RuleError | None = None) -> HttpResponse:
    viewer = viewer_of(request)
    context = {
        "default": default_mode(viewer),
        "domains": domain_modes(viewer),
        "changes": open_changes(viewer),
        "refusal": refusal(error) if error else "",
    }
    return render(request, "exceptions/enforcement.html", context, status=status_of(error) if error else 200)


def _choose(
    request: HttpRequest, viewer: Viewer, domain_id: int | None, before: InForce, form: ModeForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "before": before, "domain": _name(viewer, domain_id)}
    return render(request, "exceptions/mode_change.html", context, status=status)


def _confirm(
    request: HttpRequest,
    viewer: Viewer,
    domain_id: int | None,
    before: InForce,
    form: ModeReasonForm,
    *,
    status: int = 200,
) -> HttpResponse:
    mode, share = Mode(form["mode"].value()), int(form["share"].value())
    is_looser = mode.strictness(share) < before.strictness
    form.fields["reason"].required = is_looser
    context = {
        "form": form,
        "before": before,
        "domain": _name(viewer, domain_id),
        "mode": mode,
        "share": share,
        "is_looser": is_looser,
    }
    return render(request, "exceptions/mode_confirm.html", context, status=status)


def _name(viewer: Viewer, domain_id: int | None) -> str:
    names = {domain.pk: domain.name for domain in trusted_domains(organisation_id=viewer.organisation_id)}
    return names.get(domain_id, "") if domain_id else ""


def _domain_id(text: str) -> int | None:
    """None is the default; what is no number is a domain that nobody has."""
    if not text:
        return None
    number = number_in(text)
    return -1 if number is None else number
