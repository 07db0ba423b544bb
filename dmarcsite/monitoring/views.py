"""/readyz for whoever starts and stops processes, /metrics for Prometheus. Neither needs a person; the second a token."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dmarcsite.monitoring.changes import tell
from dmarcsite.monitoring.measures import MEASURES
from dmarcsite.monitoring.ready import WITHOUT, readiness

PREFIX = "sekimori_"
PROXIED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""A proxy says one of these: whoever asks through it is somebody else than this machine."""


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where everything that pages need is there, else 503; each check is named with "ok" or what is wrong.

    `degraded` names what fails beside it.
    """
    checks = readiness(at=timezone.now())
    tell("/readyz", checks)
    wrong = {name for name, found in checks.items() if found != "ok"}
    ready = wrong <= WITHOUT
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"ready": ready, "degraded": sorted(wrong & WITHOUT), "checks": checks}, status=status)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of docs/metrics.md in Prometheus' text format; 404 for whoever may not see them."""
    if not _may_see(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Measures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    """By the token where one is set; else only from this machine itself, and not through a proxy on it."""
    if settings.METRICS_TOKEN:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    is_proxied = any(name in request.headers for name in PROXIED)
    return not is_proxied and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class _Measures(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        at = timezone.now()
        for measure in MEASURES:
            family = GaugeMetricFamily(PREFIX + measure.name, measure.help, labels=measure.labels)
            for labels, value in measure.samples(at):
                family.add_metric(labels, value)
            yield family
