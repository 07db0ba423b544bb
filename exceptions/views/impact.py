"""What a rule lets through in the stored reports: fragments that pages fetch, and pages of their own without JavaScript."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from exceptions.access import number_in, rule_for
from exceptions.errors import RuleError
from exceptions.forms import RuleForm
from exceptions.lifecycle.content import DEFAULT_LIFETIME, MIN_REASON_CHARACTERS, RuleContent, checked, to_document
from exceptions.sentences.refusals import refusal, status_of
from exceptions.simulation.impact import impact
from reports.access import allowed_to, source_for, viewer_of
from reports.permissions import Act


@require_safe
@allowed_to(Act.SEE_RULES)
def rule_impact(request: HttpRequest, pk: int) -> HttpResponse:
    """A stored rule, at its current version."""
    viewer = viewer_of(request)
    rule = rule_for(viewer, pk)
    document = rule.versions.get(number=rule.version).to_document()
    try:
        found = impact(document, viewer=viewer, at=timezone.now())
    except RuleError as error:
        return _refuse(request, error)
    return _answer(request, {"impact": found, "rule": rule, "title": rule.reference})


@require_safe
@allowed_to(Act.REQUEST_RULE)
def rule_preview(request: HttpRequest) -> HttpResponse:
    """A rule that is still being written, from the fields of its form."""
    viewer, now = viewer_of(request), timezone.now()
    form = RuleForm(request.GET, viewer=viewer, now=now)
    form.is_valid()
    source = number_in(request.GET.get("source", ""))
    source_id = None if source is None else source_for(viewer, source).pk
    try:
        document = to_document(checked(_conditions(form.content, now=now), at=now))
        found = impact(document, viewer=viewer, source_id=source_id, at=now)
    except RuleError as error:
        return _refuse(request, error)
    return _answer(request, {"impact": found})


def _conditions(content: RuleContent, *, now: datetime) -> RuleContent:
    """The rule with a reason and times that pass, since a replay looks at neither."""
    return replace(content, reason_text="-" * MIN_REASON_CHARACTERS, starts_at=now, expires_at=now + DEFAULT_LIFETIME)


def _refuse(request: HttpRequest, error: RuleError) -> HttpResponse:
    # htmx shows no fragment of an error, and to it a half-written rule is none; the page of its own has the status.
    status = 200 if request.htmx else status_of(error)  # type: ignore[attr-defined]
    return _answer(request, {"refusal": refusal(error)}, status=status)


def _answer(request: HttpRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    is_fragment = request.htmx  # type: ignore[attr-defined]
    name = "exceptions/_impact.html" if is_fragment else "exceptions/impact_page.html"
    return render(request, name, context, status=status)
