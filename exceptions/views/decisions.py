"""The steps of a rule: each first as a page that shows exactly what is decided, then as a POST that decides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from exceptions.access import rule_for
from exceptions.errors import RuleError, StaleReview
from exceptions.forms import CommentForm, ReasonForm
from exceptions.lifecycle import services, transitions
from exceptions.lifecycle.transitions import Transition
from exceptions.models import ExceptionRule
from exceptions.selectors.versions import changes
from exceptions.sentences.refusals import refusal, status_of
from exceptions.tasks import publish_soon
from exceptions.views.openings import ACTS, demand_open
from exceptions.views.rules import refused, rule_context
from reports.access import allowed_to, viewer_of
from reports.viewer import Viewer

Words = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step in words, and the service that takes it: (rule, viewer, seen version, comment, at)."""

    transition: Transition
    question: Words
    consequence: Words
    button: Words
    done: Words
    perform: Callable[[ExceptionRule, Viewer, int, str, datetime], object]
    publishes: bool = False
    is_ending: bool = True


PROPOSE = Step(
    transition=transitions.PROPOSE,
    question=_("Ask for approval of this rule?"),
    consequence=_("People who may decide see it on their Overview. Filters obey it only after one of them approves."),
    button=_("Ask for approval"),
    done=_("Approval is asked for. Somebody else decides."),
    perform=lambda rule, viewer, seen, _comment, at: services.rule_propose(
        rule, viewer=viewer, seen_version=seen, at=at
    ),
    is_ending=False,
)
APPROVE = Step(
    transition=transitions.APPROVE,
    question=_("Approve exactly this rule?"),
    consequence=_(
        "Filters obey it within seconds, or from its start. It ends by itself; anybody who may revoke can end it before."
    ),
    button=pgettext_lazy("decision", "Approve"),
    done=_("Approved. The filters are being told."),
    perform=lambda rule, viewer, seen, comment, at: services.rule_approve(
        rule, viewer=viewer, seen_version=seen, reason=comment, at=at
    ),
    publishes=True,
    is_ending=False,
)
REJECT = Step(
    transition=transitions.REJECT,
    question=_("Reject this request?"),
    consequence=_("It ends for good. The person who asked reads your reason, and may ask again with another rule."),
    button=pgettext_lazy("decision", "Reject"),
    done=_("Rejected. Nothing changes at the filters."),
    perform=lambda rule, viewer, seen, comment, at: services.rule_reject(
        rule, viewer=viewer, seen_version=seen, reason=comment, at=at
    ),
)
REVOKE = Step(
    transition=transitions.REVOKE,
    question=_("Revoke this rule now?"),
    consequence=_(
        "Filters stop obeying it within seconds; mail that only this rule let in is treated as the enforcement mode says. This cannot be undone."
    ),
    button=_("Revoke"),
    done=_("Revoked. The filters are being told."),
    perform=lambda rule, viewer, _seen, comment, at: services.rule_revoke(rule, viewer=viewer, reason=comment, at=at),
    publishes=True,
)
WITHDRAW = Step(
    transition=transitions.WITHDRAW,
    question=_("Withdraw this rule?"),
    consequence=_("It ends for good, and nobody is asked any more. A new one can be asked for."),
    button=_("Withdraw"),
    done=_("Withdrawn."),
    perform=lambda rule, viewer, _seen, comment, at: services.rule_withdraw(rule, viewer=viewer, reason=comment, at=at),
)


def _view(step: Step) -> Callable[..., HttpResponseBase]:
    @require_http_methods(["GET", "HEAD", "POST"])
    @allowed_to(ACTS[step.transition])
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        viewer = viewer_of(request)
        rule = rule_for(viewer, pk)
        return _take(request, step, rule, viewer) if request.method == "POST" else _ask(request, step, rule, viewer)

    return view


rule_propose = _view(PROPOSE)
rule_approve = _view(APPROVE)
rule_reject = _view(REJECT)
rule_revoke = _view(REVOKE)
rule_withdraw = _view(WITHDRAW)


def _ask(request: HttpRequest, step: Step, rule: ExceptionRule, viewer: Viewer) -> HttpResponse:
    try:
        demand_open(step.transition, rule, rule.versions.get(number=rule.version), viewer=viewer)
    except RuleError as error:
        return refused(request, rule, error)
    return _page(request, step, rule, viewer, form=_form(step)(initial={"seen_version": rule.version}))


def _take(request: HttpRequest, step: Step, rule: ExceptionRule, viewer: Viewer) -> HttpResponse:
    form = _form(step)(request.POST)
    if not form.is_valid():
        return _page(request, step, rule, viewer, form=form, status=422)
    seen, comment = form.cleaned_data["seen_version"], form.cleaned_data["reason"]
    try:
        step.perform(rule, viewer, seen, comment, timezone.now())
    except StaleReview as error:
        return _read_again(request, step, rule, viewer, seen=seen, error=error)
    except RuleError as error:
        return refused(request, rule, error)
    if step.publishes:
        publish_soon()
    messages.success(request, str(step.done))
    return redirect("exceptions:rule-detail", rule.pk)


def _read_again(
    request: HttpRequest, step: Step, rule: ExceptionRule, viewer: Viewer, *, seen: int, error: StaleReview
) -> HttpResponse:
    """The same question about the version of now, with what is new in it."""
    rule.refresh_from_db()
    form = _form(step)(initial={"seen_version": rule.version, "reason": request.POST.get("reason", "")})
    try:
        demand_open(step.transition, rule, rule.versions.get(number=rule.version), viewer=viewer)
    except RuleError as closed:
        return refused(request, rule, closed)
    old = rule.versions.filter(number=seen).first()
    news = changes(old, rule.versions.get(number=rule.version)) if old else []
    return _page(request, step, rule, viewer, form=form, status=status_of(error), refusal=refusal(error), news=news)


def _page(
    request: HttpRequest,
    step: Step,
    rule: ExceptionRule,
    viewer: Viewer,
    *,
    form: CommentForm,
    status: int = 200,
    **extra: object,
) -> HttpResponse:
    context = {
        **rule_context(rule, viewer=viewer),
        "step": step,
        "form": form,
        "url": reverse(f"exceptions:rule-{step.transition.name}", args=[rule.pk]),
        "back_url": reverse("exceptions:rule-detail", args=[rule.pk]),
        **extra,
    }
    return render(request, "exceptions/rule_step.html", context, status=status)


def _form(step: Step) -> type[CommentForm]:
    return ReasonForm if step.transition.needs_reason else CommentForm
