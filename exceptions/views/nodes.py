"""The filter nodes: what each enforces since when, and how one is enrolled, renewed and shut out."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exceptions.access import node_for
from exceptions.forms import NodeForm
from exceptions.publishing.keys import public_keys
from exceptions.selectors.nodes import newest_snapshot, node_states, silent_nodes
from exceptions.sentences.nodes import node_refusal
from exceptions.tasks import publish_soon
from reports.access import allowed_to, viewer_of
from reports.errors import InboundRefused
from reports.inbound.nodes import Node, enrol_node, renew_token, revoke_node
from reports.permissions import Act
from reports.selectors.organisations import organisation_name


@require_safe
@allowed_to(Act.SEE_ENFORCEMENT)
def node_list(request: HttpRequest) -> HttpResponse:
    """Which policy is live where and since when; who is silent, late or wrong about the time."""
    return _list(request, NodeForm())


@never_cache
@require_POST
@allowed_to(Act.MANAGE_NODES)
def node_enrol(request: HttpRequest) -> HttpResponse:
    """Make a node; its token and configuration are shown this once."""
    viewer, form = viewer_of(request), NodeForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        node, token = enrol_node(viewer=viewer, name=form.cleaned_data["name"], at=timezone.now())
    except InboundRefused as error:
        form.add_error("name", node_refusal(error))
        return _list(request, form, status=422)
    publish_soon()
    return _shown_once(request, node, token)


@never_cache
@require_POST
@allowed_to(Act.MANAGE_NODES)
def node_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Another token; the old one is void at once."""
    viewer = viewer_of(request)
    node = node_for(viewer, pk)
    try:
        token = renew_token(node, viewer=viewer, at=timezone.now())
    except InboundRefused as error:
        return _list(request, NodeForm(), refusal=node_refusal(error), status=409)
    return _shown_once(request, node, token)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_NODES)
def node_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Shut a node out, after a page that says what that means."""
    viewer = viewer_of(request)
    node = node_for(viewer, pk)
    if request.method != "POST":
        return render(request, "exceptions/node_revoke.html", {"node": node})
    try:
        revoke_node(node, viewer=viewer, at=timezone.now())
    except InboundRefused as error:
        return _list(request, NodeForm(), refusal=node_refusal(error), status=409)
    messages.success(request, _("%(node)s is shut out.") % {"node": node.name})
    return redirect("exceptions:node-list")


def _list(request: HttpRequest, form: NodeForm, *, refusal: str = "", status: int = 200) -> HttpResponse:
    viewer, now = viewer_of(request), timezone.now()
    newest = newest_snapshot(viewer)
    states = node_states(viewer, newest=newest.number if newest else 0, at=now)
    context = {"form": form, "newest": newest, "states": states, "silent": silent_nodes(states), "refusal": refusal}
    return render(request, "exceptions/node_list.html", context, status=status)


def _shown_once(request: HttpRequest, node: Node, token: str) -> HttpResponse:
    context = {
        "node": node,
        "token": token,
        "server": settings.BASE_URL,
        "organisation": organisation_name(node.organisation_id).slug,
        "public_keys": public_keys(at=timezone.now()),
    }
    return render(request, "exceptions/node_enrolled.html", context)
