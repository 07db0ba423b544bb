"""Asking for an exception: the form, filled with the narrowest evidence where it comes from a failing source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exceptions.access import number_in, rule_for
from exceptions.errors import RuleError
from exceptions.forms import RuleForm, edit_initial, new_rule_initial
from exceptions.lifecycle import transitions
from exceptions.lifecycle.content import to_domain
from exceptions.lifecycle.services import rule_draft, rule_edit, rule_propose
from exceptions.models import ExceptionRule
from exceptions.selectors.evidence import Evidence, narrowest_evidence
from exceptions.sentences.refusals import refusal, status_of
from exceptions.views.openings import demand_open
from exceptions.views.rules import refused
from reports.access import allowed_to, source_for, viewer_of
from reports.permissions import Act
from reports.viewer import Viewer

ASK = "ask"
"""The button that asks for approval at once; the other one only saves."""


@dataclass(frozen=True, slots=True)
class Start:
    """The failing source that the request comes from, and the evidence that its reports give."""

    source_id: int
    address: str
    header_from: str
    evidence: Evidence | None


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.REQUEST_RULE)
def rule_create(request: HttpRequest) -> HttpResponse:
    """Write a rule down, and ask for its approval in the same step if wished."""
    viewer, now = viewer_of(request), timezone.now()
    start = _start(request, viewer, now)
    if request.method != "POST":
        form = RuleForm(viewer=viewer, now=now, initial={**new_rule_initial(viewer, now=now), **_found(start)})
        return _page(request, form, start=start)
    form = RuleForm(request.POST, viewer=viewer, now=now)
    if not form.is_valid():
        return _page(request, form, start=start, status=422)
    try:
        with transaction.atomic():
            rule = rule_draft(form.content, viewer=viewer, at=now)
            _ask_if_wished(request, rule, viewer=viewer, now=now)
    except RuleError as error:
        return _refuse(request, form, error, start=start)
    return redirect("exceptions:rule-detail", rule.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.REQUEST_RULE)
def rule_edit_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the next version of a draft or a proposal."""
    viewer, now = viewer_of(request), timezone.now()
    rule = rule_for(viewer, pk)
    version = rule.versions.get(number=rule.version)
    try:
        demand_open(transitions.EDIT, rule, version, viewer=viewer)
        if request.method != "POST":
            return _page(request, RuleForm(viewer=viewer, now=now, initial=edit_initial(version)), rule=rule)
        form = RuleForm(request.POST, viewer=viewer, now=now)
        if not form.is_valid():
            return _page(request, form, rule=rule, status=422)
        with transaction.atomic():
            seen = form.cleaned_data["seen_version"] or 0
            rule_edit(rule, content=form.content, viewer=viewer, seen_version=seen, at=now)
            _ask_if_wished(request, rule, viewer=viewer, now=now)
    except RuleError as error:
        return refused(request, rule, error)
    return redirect("exceptions:rule-detail", rule.pk)


def _ask_if_wished(request: HttpRequest, rule: ExceptionRule, *, viewer: Viewer, now: datetime) -> None:
    if request.POST.get("then") == ASK:
        rule_propose(rule, viewer=viewer, seen_version=rule.version, at=now)
        messages.success(request, _("%(rule)s waits for approval. Somebody else decides.") % {"rule": rule.reference})
    else:
        messages.success(request, _("%(rule)s is saved as a draft. Nobody is asked yet.") % {"rule": rule.reference})


def _start(request: HttpRequest, viewer: Viewer, now: datetime) -> Start | None:
    """The source that the address bar names; nonsense there is left out, another organisation's is not found."""
    source_id, name = number_in(request.GET.get("source", "")), request.GET.get("from", "")
    if source_id is None:
        return None
    found = source_for(viewer, source_id)
    header_from = to_domain(name) or ""
    evidence = header_from and narrowest_evidence(
        organisation_id=viewer.organisation_id,
        source_id=found.pk,
        address=found.address,
        header_from=header_from,
        at=now,
    )
    return Start(found.pk, found.address, header_from, evidence or None)


def _found(start: Start | None) -> dict[str, object]:
    if start is None:
        return {}
    evidence = {start.evidence.field: start.evidence.value} if start.evidence else {"networks": start.address}
    return {"header_from": start.header_from, **evidence}


def _refuse(request: HttpRequest, form: RuleForm, error: RuleError, *, start: Start | None) -> HttpResponse:
    field = str(error.params.get("field", ""))
    form.add_error(field if field in form.fields else None, refusal(error))
    return _page(request, form, start=start, status=status_of(error))


def _page(
    request: HttpRequest,
    form: RuleForm,
    *,
    start: Start | None = None,
    rule: ExceptionRule | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "start": start, "rule": rule, "ask": ASK}
    return render(request, "exceptions/rule_form.html", context, status=status)
