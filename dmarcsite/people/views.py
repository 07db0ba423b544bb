"""People and their roles, invitations, and the choice of the organisation that one looks at. Thin: grants.py decides."""

from __future__ import annotations

from typing import cast

from allauth.account.views import password_reset as allauth_password_reset
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dmarcsite.models import RoleGrant, User
from dmarcsite.people import grants
from dmarcsite.people.errors import PeopleError
from dmarcsite.people.forms import AcceptForm, RoleForm
from dmarcsite.people.mail import send_invitation
from dmarcsite.people.middleware import ORGANISATION_COOKIE
from dmarcsite.people.sentences import sentence
from reports.access import allowed_to, viewer_of
from reports.models import Membership
from reports.permissions import Act
from reports.viewer import Viewer
from reports.vocabulary import Role

_BACKEND = settings.AUTHENTICATION_BACKENDS[0]
_COOKIE_SECONDS = 365 * 24 * 60 * 60


@require_safe
@allowed_to(Act.MANAGE_PEOPLE, shown_in_demo=True)
def people(request: HttpRequest) -> HttpResponse:
    """Who has which role, what waits for a second administrator, and the form to invite."""
    return _page(request, viewer_of(request), RoleForm())


@require_POST
@allowed_to(Act.MANAGE_PEOPLE)
def role_propose(request: HttpRequest) -> HttpResponse:
    """Give or change a role; asks a second administrator where there is one."""
    viewer, form = viewer_of(request), RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, viewer, form, status=422)
    role = Role(form.cleaned_data["role"])
    try:
        grant, token = grants.role_propose(
            viewer=viewer, email=form.cleaned_data["email"], role=role, at=timezone.now()
        )
    except PeopleError as error:
        form.add_error(None, sentence(error.code))
        return _page(request, viewer, form, status=409)
    return _done(request, viewer, grant, token)


@require_POST
@allowed_to(Act.MANAGE_PEOPLE)
def role_second(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant what another administrator proposed."""
    viewer = viewer_of(request)
    try:
        grant, token = grants.role_second(pk, viewer=viewer, at=timezone.now())
    except PeopleError as error:
        messages.error(request, sentence(error.code))
        return redirect("people")
    return _done(request, viewer, grant, token)


@require_POST
@allowed_to(Act.MANAGE_PEOPLE)
def role_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a proposal, or withdraw one's own."""
    try:
        grants.role_refuse(pk, viewer=viewer_of(request), at=timezone.now())
    except PeopleError as error:
        messages.error(request, sentence(error.code))
    else:
        messages.success(request, _("The proposal has ended; no role was given."))
    return redirect("people")


@require_POST
@allowed_to(Act.MANAGE_PEOPLE)
def membership_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a role away."""
    try:
        grants.membership_end(pk, viewer=viewer_of(request), at=timezone.now())
    except PeopleError as error:
        messages.error(request, sentence(error.code))
    else:
        messages.success(request, _("The role was taken away. It takes effect with the person's next click."))
    return redirect("people")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """An invited person makes their account. The link works once, for seven days."""
    now = timezone.now()
    form = AcceptForm(request.POST or None)
    try:
        grant = grants.open_invitation(token, at=now)
        if request.method == "POST" and form.is_valid():
            name, password = form.cleaned_data["name"], form.cleaned_data["password"]
            user = grants.invitation_accept(token, name=name, password=password, at=now)
            login(request, user, backend=_BACKEND)
            return redirect("/")
    except PeopleError as error:
        return render(request, "people/invitation_ended.html", {"sentence": sentence(error.code)}, status=410)
    status = 422 if form.is_bound else 200
    return render(request, "people/invitation.html", {"form": form, "grant": grant}, status=status)


@login_required
def address_stays(request: HttpRequest) -> HttpResponse:
    """In the place of allauth's page: roles are given to addresses, so nobody takes an unproven one by themselves."""
    raise Http404


def password_reset(request: HttpRequest) -> HttpResponse:
    """allauth's page, and a page that says so while no mail server could send its link."""
    if not settings.HAS_MAIL_SERVER:
        return render(request, "people/no_mail_server.html")
    answer: HttpResponse = allauth_password_reset(request)
    return answer


@require_POST
@login_required
def organisation_choose(request: HttpRequest) -> HttpResponse:
    """Look at another organisation that one belongs to; an unknown one changes nothing."""
    response = redirect("/")
    slug = request.POST.get("organisation", "")
    memberships = Membership.objects.filter(user=cast("User", request.user))
    if slug in memberships.values_list("organisation__slug", flat=True):
        response.set_cookie(
            ORGANISATION_COOKIE,
            slug,
            max_age=_COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def _page(request: HttpRequest, viewer: Viewer, form: RoleForm, *, status: int = 200) -> HttpResponse:
    members = Membership.objects.filter(organisation_id=viewer.organisation_id).select_related("user")
    waiting = RoleGrant.objects.filter(organisation_id=viewer.organisation_id)
    context = {
        "form": form,
        "members": members.order_by("user__email"),
        "proposals": waiting.filter(state=RoleGrant.State.PROPOSED).order_by("proposed_at", "pk"),
        "invitations": waiting.filter(
            state=RoleGrant.State.GRANTED, effective_at=None, token_expires_at__gt=timezone.now()
        ).order_by("proposed_at", "pk"),
        "needs_second": grants.needs_second(viewer.organisation_id),
    }
    return render(request, "people/people.html", context, status=status)


def _done(request: HttpRequest, viewer: Viewer, grant: RoleGrant, token: str | None) -> HttpResponse:
    if token:
        link = settings.BASE_URL + reverse("invitation", args=[token])
        is_sent = send_invitation(grant, link=link, viewer=viewer)
        return render(request, "people/invited.html", {"grant": grant, "link": link, "is_sent": is_sent})
    if grant.state == RoleGrant.State.PROPOSED:
        messages.success(request, _("Proposed. Another administrator has to agree before the role takes effect."))
    else:
        messages.success(request, _("The role is in effect."))
    return redirect("people")
