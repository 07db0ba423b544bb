"""The only way to a viewer and, for a view, to an object: each function answers the object or refuses (404 or 403)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from reports.models import (
    AggregateReport,
    Domain,
    FailureReport,
    Job,
    Mailbox,
    Membership,
    Message,
    ServiceName,
    Source,
    SourceDay,
    TlsEndpoint,
    TlsReport,
    UploadToken,
)
from reports.permissions import NOT_IN_DEMO, Act, may
from reports.selectors.ingest_health import ledger
from reports.selectors.jobs import jobs_of
from reports.selectors.report_list import aggregate_reports, failure_reports
from reports.selectors.tls import endpoints_of, tls_reports
from reports.viewer import Viewer
from reports.vocabulary import DomainKind, Role

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def viewer_for(
    user: AbstractBaseUser | AnonymousUser, *, organisation_slug: str = "", remote_address: str | None = None
) -> Viewer | None:
    """The viewer that `user` is in the organisation they chose, else in the first of their own that is in use, else in
    the demo while it is there. One query.
    """
    if not user.is_authenticated:
        return None
    in_use = Exists(Message.objects.filter(organisation=OuterRef("organisation"))) | Exists(
        Mailbox.objects.filter(organisation=OuterRef("organisation"))
    )
    memberships = list(
        Membership.objects.filter(user_id=user.pk)
        .select_related("organisation")
        .annotate(in_use=in_use)
        .order_by("-in_use", "organisation__is_demo", "pk")
    )
    chosen = next((each for each in memberships if each.organisation.slug == organisation_slug), None)
    membership = chosen or next(iter(memberships), None)
    if membership is None:
        return None
    organisation = membership.organisation
    return Viewer(
        user_id=cast("int", user.pk),
        user_name=str(user),
        organisation_id=organisation.pk,
        organisation_name=organisation.name,
        is_demo=organisation.is_demo,
        role=Role(membership.role),
        remote_address=remote_address,
    )


def viewer_of(request: HttpRequest) -> Viewer:
    """The viewer of this request. Raises PermissionDenied for people who belong to no organisation."""
    viewer: Viewer | None = request.viewer  # type: ignore[attr-defined]
    if not viewer:
        raise PermissionDenied
    return viewer


def demand(viewer: Viewer, act: Act) -> None:
    """Refuse (PermissionDenied) unless the viewer's role allows the act."""
    if not may(viewer.role, act):
        raise PermissionDenied


def vanishes_with_demo(viewer: Viewer, act: Act) -> bool:
    """Whether the act has no place here: this is the demo organisation, and the act would vanish with it."""
    return viewer.is_demo and act in NOT_IN_DEMO


def allowed_to(act: Act, *, shown_in_demo: bool = False) -> Callable[[View[P]], View[P]]:
    """Guard a view: login first, then a membership whose role allows the act, else 403.

    In the demo organisation, acts that would vanish with it answer 409 and lead to one's own organisation;
    `shown_in_demo` is for pages that change nothing themselves.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            viewer = viewer_of(request)
            demand(viewer, act)
            if vanishes_with_demo(viewer, act) and not shown_in_demo:
                return render(request, "outside_demo.html", status=HTTPStatus.CONFLICT)
            return view(request, *args, **kwargs)

        return cast("View[P]", login_required(guarded))

    return decorate


def source_for(viewer: Viewer, pk: int) -> Source:
    """A source of the viewer's organisation that sent as one of the viewer's domains, else 404."""
    source = get_object_or_404(Source, pk=pk, organisation_id=viewer.organisation_id)
    if (
        viewer.domain_ids is not None
        and not SourceDay.objects.filter(source=source, domain_id__in=viewer.domain_ids).exists()
    ):
        raise Http404
    return source


def service_name_for(viewer: Viewer, pk: int) -> ServiceName:
    """What the viewer's organisation calls a service itself, else 404."""
    return get_object_or_404(ServiceName, pk=pk, organisation_id=viewer.organisation_id)


def domain_for(viewer: Viewer, pk: int) -> Domain:
    """An own or partner domain that the viewer may see, named by a person or not, else 404."""
    kinds = [DomainKind.OWN, DomainKind.PARTNER]
    domain = get_object_or_404(Domain, pk=pk, organisation_id=viewer.organisation_id, kind__in=kinds)
    if not viewer.sees_domain(domain.pk):
        raise Http404
    return domain


def report_for(viewer: Viewer, pk: int) -> AggregateReport:
    """An aggregate report of one of the viewer's domains, else 404."""
    return get_object_or_404(aggregate_reports(viewer), pk=pk)


def failure_for(viewer: Viewer, pk: int) -> FailureReport:
    """A failure report of one of the viewer's domains, else 404. Its sample is loaded only when asked for."""
    return get_object_or_404(failure_reports(viewer), pk=pk)


def tls_report_for(viewer: Viewer, pk: int) -> TlsReport:
    """A TLS report about one of the viewer's domains, else 404."""
    return get_object_or_404(tls_reports(viewer), pk=pk)


def tls_endpoint_for(viewer: Viewer, pk: int) -> TlsEndpoint:
    """An address for TLS reports of the viewer's organisation, else 404."""
    return get_object_or_404(endpoints_of(viewer), pk=pk)


def mailbox_for(viewer: Viewer, pk: int) -> Mailbox:
    """A mailbox of the viewer's organisation, else 404."""
    return get_object_or_404(Mailbox, pk=pk, organisation_id=viewer.organisation_id)


def upload_token_for(viewer: Viewer, pk: int) -> UploadToken:
    """An upload token of the viewer's organisation, else 404."""
    return get_object_or_404(UploadToken, pk=pk, organisation_id=viewer.organisation_id)


def job_for(viewer: Viewer, pk: int) -> Job:
    """Long work of the viewer's organisation, else 404."""
    return get_object_or_404(jobs_of(viewer), pk=pk)


def message_for(viewer: Viewer, pk: int) -> Message:
    """An entry of the ledger that the viewer may see, else 404."""
    return get_object_or_404(ledger(viewer), pk=pk)
