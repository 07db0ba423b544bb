"""The JSON feed of a filter node: it fetches its policy, tells what it saw and how it stands. No sessions, no cookies.

docs/policy-format.md section 6 is the contract. Answers other than 200 and 304 are {"error": {"code": ...}}.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import NoReturn

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.utils.http import http_date, parse_etags
from django.views.decorators.csrf import csrf_exempt

from exceptions.engine import wire
from exceptions.errors import PublishError
from exceptions.models import Snapshot
from exceptions.publishing.publish import latest_snapshot, publish
from exceptions.publishing.serving import common_format, etag_of, reconcile, serve, wait_for_news
from reports.errors import InboundRefused
from reports.inbound.events import record_events
from reports.inbound.nodes import Node, node_with_token, note_contact
from reports.inbound.status import record_status

logger = logging.getLogger(__name__)

MAX_WAIT_SECONDS = 25
MAX_DIGITS = 9
MAX_BODY_BYTES = 4 * 1024 * 1024
_STATUSES = {"too_large": 413, "too_many_entries": 413, "not_json": 400, "unreadable_body": 400}

NodeView = Callable[[HttpRequest, Node], HttpResponse]


def _for_node(*methods: str) -> Callable[[NodeView], Callable[[HttpRequest, str], HttpResponse]]:
    """Let only the node itself in, by its bearer token; nothing tells a stranger what was wrong."""

    def decorate(view: NodeView) -> Callable[[HttpRequest, str], HttpResponse]:
        @csrf_exempt  # no cookie gives anybody a right here
        @wraps(view)
        def guarded(request: HttpRequest, slug: str) -> HttpResponse:
            if request.method not in methods:
                return _error(405, "method_not_allowed", Allow=", ".join(methods))
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            node = node_with_token(slug, token.strip()) if scheme.lower() == "bearer" else None
            if node is None:
                return _error(401, "unauthorised", **{"WWW-Authenticate": "Bearer"})
            note_contact(node, at=timezone.now())
            return view(request, node)

        return guarded

    return decorate


@_for_node("GET", "HEAD")
def policy(request: HttpRequest, node: Node) -> HttpResponse:
    """The node's policy, signed; 304 where it has it. With `wait` it is held until there is another, 25 s at most.

    It is published first if something has changed, so that a revocation reaches the node even if no task runs.
    """
    if common_format(request.headers.get(wire.FORMATS_HEADER, "").split(",")) is None:
        return _error(406, "no_common_format")
    snapshot = _newest(node)
    if snapshot is None:
        return _error(503, "nothing_published", **{"Retry-After": "60"})
    known = parse_etags(request.headers.get("If-None-Match", ""))
    wait = _wait(request)
    if wait and etag_of(snapshot, node=node.slug) in known:
        wait_for_news(organisation_id=node.organisation_id, number=snapshot.number, seconds=wait)
        snapshot = latest_snapshot(organisation_id=node.organisation_id) or snapshot
    etag = etag_of(snapshot, node=node.slug)
    headers = {
        "ETag": etag,
        "Last-Modified": http_date(snapshot.generated_at.timestamp()),
        "Cache-Control": "private, no-cache",
    }
    if etag in known:
        return HttpResponseNotModified(headers=headers)
    try:
        served = serve(snapshot, node=node.slug, at=timezone.now())
    except PublishError as error:
        logger.error("policy_not_served organisation=%s %s", node.organisation_id, error)
        return _error(503, "nothing_published", **{"Retry-After": "60"})
    headers |= {wire.SIGNATURE_HEADER: served.signature, "Content-Length": str(len(served.body))}
    return HttpResponse(served.body, content_type="application/json", headers=headers)


@_for_node("POST")
def events(request: HttpRequest, node: Node) -> HttpResponse:
    """Store what the node saw; entries that were stored before, or that nobody could read, are counted apart."""
    try:
        receipt = record_events(node, _body(request), at=timezone.now())
    except InboundRefused as refusal:
        return _refused(refusal)
    answer = {"accepted": receipt.accepted, "duplicates": receipt.duplicates, "refused": receipt.refused}
    return JsonResponse(answer)


@_for_node("POST")
def status(request: HttpRequest, node: Node) -> HttpResponse:
    """Store how the node stands and answer which number it should have."""
    now = timezone.now()
    try:
        node = record_status(node, _body(request), at=now)
    except InboundRefused as refusal:
        return _refused(refusal)
    number = reconcile(
        organisation_id=node.organisation_id,
        node=node.slug,
        live_number=node.live_number,
        live_sha256=node.live_sha256,
        at=now,
    )
    return JsonResponse({"number": number})


def _newest(node: Node) -> Snapshot | None:
    try:
        return publish(organisation_id=node.organisation_id, at=timezone.now())
    except PublishError as error:
        logger.error("policy_not_published organisation=%s %s", node.organisation_id, error)
        return latest_snapshot(organisation_id=node.organisation_id)


def _wait(request: HttpRequest) -> int:
    text = request.GET.get("wait", "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return min(int(text), MAX_WAIT_SECONDS) if request.method == "GET" and is_number else 0


def _body(request: HttpRequest) -> object:
    """The JSON body. Raises InboundRefused: too_large, unreadable_body or not_json."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or len(length) > MAX_DIGITS or int(length) > MAX_BODY_BYTES:
        raise InboundRefused("too_large")
    try:
        return json.loads(request.body, parse_constant=_no_constant)
    except UnreadablePostError:
        raise InboundRefused("unreadable_body") from None
    except (ValueError, RecursionError):
        raise InboundRefused("not_json") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refused(refusal: InboundRefused) -> JsonResponse:
    return _error(_STATUSES.get(refusal.code, 422), refusal.code)


def _error(status_code: int, code: str, **headers: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code}}, status=status_code, headers=headers)
